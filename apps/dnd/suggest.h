// Usage errors that help: what was wrong, the nearest right word, where to read on.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dnd::app {

std::string explain_parse_error(const CLI::App& program, const CLI::ParseError& error,
                                const std::vector<std::string>& arguments);

}  // namespace dnd::app
