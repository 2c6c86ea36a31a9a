// The options of `dnd eval`.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/engine.h"
#include "dnd/language_model.h"
#include "eval/methods.h"

namespace dnd::app {

struct EvalOptions {
  std::vector<std::string> models;
  std::string encoder;
  std::filesystem::path tasks;
  std::string part = "held_out";
  std::filesystem::path base;   // empty: weights alone
  std::filesystem::path joint;  // an adapter; empty: what a residual bundle adds to
  std::filesystem::path out;    // empty: standard output alone
  bool force = false;
  std::string show;  // a task's name: its questions instead of the evaluation
  std::size_t limit = 5;
  eval::Settings settings;
  std::string scorer = "exact";  // of tasks that name none
  std::string ask = "prompt";
  std::string tune_own;  // "STEPSxBATCH"; empty: nothing is learned
  CompletionOptions completion = {.max_tokens = 32};
  chat::ChatOptions chat;
  EngineOptions engine;
};

void add_eval_options(CLI::App& command, EvalOptions& options);

}  // namespace dnd::app
