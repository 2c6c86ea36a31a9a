// Options of decoder features that are proposed instead of given: `dnd layout`, `dnd new`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <vector>

#include "bundle/generator_config.h"

namespace dnd::app {

// The condition the features begin with, and how large the decoder may be.
struct FeatureOptions {
  double parameters = 100e6;
  std::int64_t prompts = 128;
  std::int64_t tokens = 384;  // per prompt, after a projection
  std::int64_t width = 384;   // of the text encoder
};

// --parameters, --prompts, --tokens, --width.
void add_feature_options(CLI::App& command, FeatureOptions& options);

// bundle::propose_features() with these; says on standard error how many parameters they have.
std::vector<bundle::Feature> propose_features(const adapter::AdapterLayout& layout,
                                              const FeatureOptions& options, std::int64_t kernel);

}  // namespace dnd::app
