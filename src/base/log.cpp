#include "base/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>

#include "base/environment.h"

namespace dnd {
namespace {

bool color_wanted() {
  if (!environment("NO_COLOR").empty() || environment("TERM") == "dumb") return false;
  return ::isatty(STDERR_FILENO) != 0;
}

std::shared_ptr<spdlog::logger> make_logger(bool color) {
  const auto mode = color ? spdlog::color_mode::always : spdlog::color_mode::never;
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(mode);
  auto logger = std::make_shared<spdlog::logger>("dnd", std::move(sink));
  logger->set_pattern("dnd: %^%l%$: %v");
  logger->flush_on(spdlog::level::trace);
  return logger;
}

LogSettings& current_settings() {
  static LogSettings settings;
  return settings;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = make_logger(color_wanted());
  return instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void configure_log(LogSettings settings) {
  current_settings() = settings;
  logger() = make_logger(settings.allow_color && color_wanted());
  logger()->set_level(to_spdlog(settings.level));
}

LogSettings log_settings() { return current_settings(); }

void log_debug(const std::string& message) { logger()->debug(message); }
void log_info(const std::string& message) { logger()->info(message); }
void log_warning(const std::string& message) { logger()->warn(message); }
void log_error(const std::string& message) { logger()->error(message); }

}  // namespace dnd
