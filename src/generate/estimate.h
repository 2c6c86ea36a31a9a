// What decoding takes, before it begins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bundle/generator_config.h"

namespace dnd::generate {

// About the bytes that decoding `tasks` at once needs beside the weights: conditions, activations and
// transformed inputs of a layer at the widest point.
std::uint64_t decoding_bytes(const bundle::GeneratorConfig& config, std::size_t tasks);

// By default; on a CUDA device whatever is asked for.
inline constexpr std::size_t kMostTasksAtOnce = 8;

// Tasks to decode at once: as many as take no more than 1 GB beyond what one takes, at most
// kMostTasksAtOnce.
std::size_t tasks_at_once(const bundle::GeneratorConfig& config);

}  // namespace dnd::generate
