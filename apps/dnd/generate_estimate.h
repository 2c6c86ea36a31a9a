// --dry-run: what a call would cost.
#pragma once

#include "context.h"
#include "generate/generator.h"
#include "generate_plan.h"

namespace dnd::app {

// Tasks to decode at once: --batch-size, else generate::tasks_at_once().
std::size_t batch_size(const bundle::GeneratorConfig& config, const GenerateOptions& options);

// What a call would make of what.
struct Planned {
  std::size_t adapters = 0;
  Json prompts_read;  // text::sources_json()
};

void print_estimate(const Context& context, const generate::Generator& generator,
                    const GenerateOptions& options, const Planned& planned);

}  // namespace dnd::app
