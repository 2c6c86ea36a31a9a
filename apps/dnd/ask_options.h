// Options of the commands that ask a base model questions: --ask, --layers, and rules in two numbers.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "adapter/select_targets.h"
#include "tasks/questions.h"

namespace dnd::app {

// --ask: "prompt" or "bare".
void add_ask_option(CLI::App& command, std::string& ask);
tasks::Ask ask_of(const std::string& name);

// "12-34" or "8x32"; nothing where it is something else.
std::optional<std::pair<std::int64_t, std::int64_t>> two_numbers(const std::string& text,
                                                                 char between);

// --layers: "18-29".
void add_layers_option(CLI::App& command, adapter::TargetOptions& targets);

inline constexpr std::int64_t kMostSteps = 10'000'000;
inline constexpr std::int64_t kMostTogether = 65'536;  // questions of a step

// "200x32": steps, and questions a step. Throws Error(usage) that begins with `option`.
std::pair<std::int64_t, std::int64_t> steps_and_batch(const std::string& option,
                                                      const std::string& text);

}  // namespace dnd::app
