// --dry-run: what a call would cost.
#pragma once

#include "context.h"
#include "generate_plan.h"

namespace dnd::app {

// About the bytes that decoding `tasks` at once needs beside the weights: conditions, activations and
// transformed inputs of a layer at the widest point.
std::uint64_t decoding_bytes(const bundle::GeneratorConfig& config, std::size_t tasks);

// Tasks to decode at once: --batch-size, else as many as take no more than 1 GB beyond what one takes,
// at most 8.
std::size_t tasks_at_once(const bundle::GeneratorConfig& config, const GenerateOptions& options);

void print_estimate(const Context& context, const Generator& generator,
                    const GenerateOptions& options, std::size_t adapters);

}  // namespace dnd::app
