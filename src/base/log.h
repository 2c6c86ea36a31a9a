// Messages for people, on standard error (the door to spdlog).
//
// Libraries log at stage boundaries only; results go to standard output elsewhere.
#pragma once

#include <string>

namespace dnd {

enum class LogLevel { debug, info, warning, error };

// Messages below `level` are dropped. Colour only where standard error is a terminal and neither
// NO_COLOR nor TERM=dumb says otherwise, and `allow_color` is true.
void configure_log(LogLevel level, bool allow_color);

void log_debug(const std::string& message);
void log_info(const std::string& message);
void log_warning(const std::string& message);
void log_error(const std::string& message);

}  // namespace dnd
