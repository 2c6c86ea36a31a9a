// What one `dnd generate` call will make: jobs, their places, and which are done already.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "generate/jobs.h"
#include "source_options.h"

namespace dnd::app {

struct GenerateOptions {
  SourceOptions source;
  EngineOptions engine;
  std::filesystem::path out;
  std::string task;          // names the whole input
  std::size_t variants = 0;  // 0: not given, one adapter at the task's own place
  std::filesystem::path condition;
  std::filesystem::path base;  // checked against the generator; empty: not given
  bool modelfile = false;      // Ollama's, beside each GGUF
  std::string adapter_dtype;   // empty: bf16, GGUF f32
  std::vector<std::string> formats = {"peft"};
  bool dry_run = false;
  bool force = false;
  bool resume = false;
  std::string shard;           // "I/N", "auto" or empty
  std::size_t batch_size = 0;  // tasks decoded at once; 0: not given
};

// Without repetition, in the order given. Throws Error(usage) where --adapter-dtype does not fit.
std::vector<adapter::AdapterFormat> chosen_formats(const GenerateOptions& options);

// Where the adapters go without --out: adapters/<stem of the first prompts file>.
std::filesystem::path default_output(const GenerateOptions& options);

// All jobs of this call's shard, in order. Throws Error(usage) or Error(data) on names.
std::vector<generate::Job> plan_jobs(const GenerateOptions& options, const text::PromptSet& set);

}  // namespace dnd::app
