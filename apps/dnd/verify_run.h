// dnd verify --run: what an adapter does to the base's answers.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "base/json.h"
#include "chat/base_chat.h"
#include "dnd/engine.h"
#include "dnd/language_model.h"
#include "verify/compare_logits.h"

namespace dnd::app {

struct RunOptions {
  bool run = false;
  std::vector<std::int32_t> ids;
  std::string prompt;
  std::string answer;
  std::int64_t max_tokens = 16;
  chat::ChatOptions chat;
  std::filesystem::path logits_out;
  int threads = 0;
};
void add_run_options(CLI::App& command, RunOptions& options);

// What one adapter did.
struct RunReport {
  std::vector<verify::Finding> findings;
  Json json;                       // "run" of the machine output
  std::vector<std::string> lines;  // for people
};

// A base model held ready to run adapters. Opens the engine.
class AdapterRun {
 public:
  AdapterRun(const std::filesystem::path& base, const RunOptions& options);

  // An adapter that the base cannot take is a finding.
  RunReport run(const adapter::LoraAdapter& adapter);

 private:
  // What the model says, without and with an adapter.
  struct Words {
    HostTensor logits;
    std::string answer;
    double score = 0.0;
  };
  void choose_input(const std::filesystem::path& base);
  Words listen();
  void compare_words(const Words& adapted, RunReport& report) const;

  RunOptions options_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LanguageModel> model_;  // goes before the engine
  std::string text_;  // the prompt as the model gets it; empty where ids are run
  std::vector<std::int32_t> ids_;
  Words base_;
};

}  // namespace dnd::app
