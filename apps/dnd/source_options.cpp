#include "source_options.h"

#include <unistd.h>

#include <charconv>
#include <system_error>

#include "base/log.h"
#include "base/strings.h"

namespace dnd::app {
namespace fs = std::filesystem;

generate::PromptChoice SourceOptions::choice(std::size_t variant) const {
  return {select == "first" ? text::SelectMode::first : text::SelectMode::random, seed, variant};
}

text::PromptSet load_prompts(const SourceOptions& options) {
  for (const fs::path& path : options.prompts) {
    if (path == "-" && ::isatty(STDIN_FILENO) != 0) {
      fail(ErrorKind::usage, "--prompts -: standard input is a terminal; pipe prompts into it");
    }
  }
  text::PromptSet set = text::read_prompts(options.prompts, {options.field});
  text::tell_sources(set.sources);
  if (set.skipped_empty > 0) log_warning(cat(set.skipped_empty, " empty prompts were left out"));
  return set;
}

formats::ModelPlace base_place(const fs::path& given) {
  if (given.empty()) return {};
  formats::ModelPlace place = formats::find_model(given.string());
  if (place.path != given) log_info(cat("--base ", given.string(), ": ", place.path.string()));
  return place;
}

CLI::Validator seed_check() {
  const auto problem = [](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? "" : "expected a whole number from 0 to 2^64 - 1, not " + text;
  };
  return {problem, "", "seed"};
}

void add_source_options(CLI::App& command, SourceOptions& options) {
  command.add_option("-p,--prompts", options.prompts,
                     "Prompt files (.jsonl .json .txt .csv, also .gz), or - for standard input");
  command.add_option(
      "-m,--model", options.model,
      "Generator bundle, or its name (default: $DND_MODEL, else the installed default)");
  command.add_option("--encoder", options.encoder,
                     "Text encoder folder, or GloVe file (default: found by name)");
  command.add_option("--field", options.field, "Read this field of every record");
  command.add_option("--seed", options.seed, "Seed of the draw of prompts (default 0)")
      ->check(seed_check());
  command.add_option("--select", options.select, "Which prompts, where there are more than needed")
      ->check(CLI::IsMember({"random", "first"}))
      ->capture_default_str();
}

void add_engine_options(CLI::App& command, EngineOptions& options) {
  command
      .add_option("--device", options.device,
                  "auto (cpu), cpu, cuda or cuda:N (not yet proven, see docs/cuda.md)")
      ->capture_default_str();
  command
      .add_option(
          "--max-gpu-memory", options.cuda_memory_bytes,
          "Of a CUDA device with --precision fast, e.g. 8GB (default: nine tenths of what is free)")
      ->transform(CLI::AsSizeValue(true));
  command.add_option("--threads", options.threads,
                     "Threads (default: all); the result does not depend on it");
}

void add_precision_option(CLI::App& command, EngineOptions& options) {
  command
      .add_option("--precision", options.precision,
                  "fast (encoder with 16-bit integers, the rest fp32; CUDA: fp16),\n"
                  "exact (fp32), or bf16 (decoder's operands rounded as released)")
      ->check(CLI::IsMember({"fast", "exact", "bf16"}))
      ->capture_default_str();
}

}  // namespace dnd::app
