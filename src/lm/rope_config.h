// Rotary positions as a config.json of transformers 5 states them: rope_parameters, or rope_theta and
// rope_scaling as versions before wrote them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/json.h"

namespace dnd::lm {

// How positions turn queries and keys: value i of a head with value i + frequencies.size(), for as many as
// there are frequencies; the rest of a head stays.
struct Rope {
  std::vector<float> frequencies;       // radians a position
  std::vector<float> long_frequencies;  // of sequences longer than `short_length`; empty: none
  std::int64_t short_length = INT32_MAX;
  float scale = 1.0F;  // of what is turned
};

// Where classes differ.
struct RopeRules {
  double theta = 10000.0;
  double local_theta = 0.0;  // of layers with a sliding window (Gemma 3); 0: all layers turn alike
  bool of_phi3 = false;      // part of a head may stay; longrope, and no other scaling
};

// One rope; with a `local_theta` a second one, for layers with a sliding window. `longest`: positions.
// Throws Error(data) naming what is wrong or not supported.
std::vector<Rope> read_ropes(JsonObject& json, const RopeRules& rules, std::int64_t head_size,
                             std::int64_t longest);

}  // namespace dnd::lm
