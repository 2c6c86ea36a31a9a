// Messages for people, on standard error (the door to spdlog).
//
// Libraries log at stage boundaries only; results go to standard output elsewhere.
#pragma once

#include <string>

namespace dnd {

enum class LogLevel { debug, info, warning, error };

struct LogSettings {
  LogLevel level = LogLevel::info;  // messages below it are dropped
  // Colour only where standard error is a terminal and neither NO_COLOR nor TERM=dumb says otherwise.
  bool allow_color = true;
};

// For this copy of the library: program and engine have one each.
void configure_log(LogSettings settings);
LogSettings log_settings();

void log_debug(const std::string& message);
void log_info(const std::string& message);
void log_warning(const std::string& message);
void log_error(const std::string& message);

}  // namespace dnd
