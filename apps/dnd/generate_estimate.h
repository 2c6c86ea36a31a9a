// --dry-run: what a call would cost.
#pragma once

#include "context.h"
#include "generate_plan.h"

namespace dnd::app {

// Bytes of activations at the decoder's widest point, fp32 (the inputs, intermediates and output of
// one layer), and of the condition.
std::uint64_t peak_activation_bytes(const bundle::GeneratorConfig& config);

void print_estimate(const Context& context, const Generator& generator,
                    const GenerateOptions& options, std::size_t adapters);

}  // namespace dnd::app
