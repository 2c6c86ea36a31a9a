// The options of `dnd generate` about what is made.
#pragma once

#include <CLI/CLI.hpp>

#include "generate_plan.h"

namespace dnd::app {

void add_output_options(CLI::App& command, GenerateOptions& options);

// Throws Error(usage) for options that exclude each other.
void check_combination(const GenerateOptions& options);

}  // namespace dnd::app
