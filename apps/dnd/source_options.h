// Command-line options shared by the commands that read prompts and by those that compute.
#pragma once

#include <CLI/CLI.hpp>

#include "base/dtype.h"
#include "condition.h"
#include "dnd/engine.h"

namespace dnd::app {

// A seed is taken as written or refused; CLI11 alone wraps -1 and clips 2^64.
CLI::Validator seed_check();

// "f32", "f16" or "bf16", as the options of that kind allow.
Dtype parse_dtype(std::string name);

void add_source_options(CLI::App& command, SourceOptions& options);
void add_engine_options(CLI::App& command, EngineOptions& options);
// --precision of commands that make adapters.
void add_precision_option(CLI::App& command, EngineOptions& options);

}  // namespace dnd::app
