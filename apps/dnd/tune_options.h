// The options of `dnd tune`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "chat/base_chat.h"
#include "tuning/request.h"

namespace dnd::app {

struct TuneOptions {
  tuning::Request request;
  chat::ChatOptions chat;
  std::string joint;  // "STEPSxBATCH"
  std::string schedule = "cosine";
  std::string ask = "prompt";
  std::string distill;  // "hard", "soft" or nothing
  std::optional<std::int64_t> rank;
  std::optional<std::int64_t> max_tokens;
  std::int64_t keep = 1;
  int threads = 0;
  bool dry_run = false;
};

void add_tune_options(CLI::App& command, TuneOptions& options);

// What they come to. Throws Error(usage) where they contradict each other.
tuning::Request request_of(const TuneOptions& options);

}  // namespace dnd::app
