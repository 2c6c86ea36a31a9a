// --dry-run: what a call would cost.
#pragma once

#include "context.h"
#include "generate/generator.h"
#include "generate_plan.h"

namespace dnd::app {

// Tasks to decode at once: --batch-size, else generate::tasks_at_once().
std::size_t batch_size(const bundle::GeneratorConfig& config, const GenerateOptions& options);

void print_estimate(const Context& context, const generate::Generator& generator,
                    const GenerateOptions& options, std::size_t adapters);

}  // namespace dnd::app
