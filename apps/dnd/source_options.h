// Command-line options shared by the commands that read prompts and by those that compute.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dnd/engine.h"
#include "formats/model_place.h"
#include "generate/choose_prompts.h"

namespace dnd::app {

// Where prompts come from and which generator takes them.
struct SourceOptions {
  std::string model;    // bundle folder; empty: $DND_MODEL or the shipped default
  std::string encoder;  // folder (or GloVe file); empty: searched by name
  std::vector<std::filesystem::path> prompts;
  std::string field;
  std::uint64_t seed = 0;
  std::string select = "random";

  generate::PromptChoice choice(std::size_t variant) const;
};

// Reads --prompts, says how each file was read and warns about records left out.
text::PromptSet load_prompts(const SourceOptions& options);

// What --base names, as readers open it (formats/model_place.h); empty where it is. Says where a hub's name
// was found.
formats::ModelPlace base_place(const std::filesystem::path& given);

// A seed is taken as written or refused; CLI11 alone wraps -1 and clips 2^64.
CLI::Validator seed_check();

void add_source_options(CLI::App& command, SourceOptions& options);
void add_engine_options(CLI::App& command, EngineOptions& options);
// --precision of commands that make adapters.
void add_precision_option(CLI::App& command, EngineOptions& options);

}  // namespace dnd::app
