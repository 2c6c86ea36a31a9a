// From a task's prompts to the condition tensor: the part that `generate` and `encode` share.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "bundle/generator_config.h"
#include "dnd/engine.h"
#include "text/prompts.h"
#include "text/tokenizer.h"

namespace dnd::app {

// Options that both commands take.
struct SourceOptions {
  std::string model;    // bundle folder; empty: $DND_MODEL or the shipped default
  std::string encoder;  // folder (or GloVe file); empty: searched by name
  std::vector<std::filesystem::path> prompts;
  std::string field;
  std::uint64_t seed = 0;
  std::string select = "random";
};

// The bundle to use and its checked configuration.
struct Generator {
  std::filesystem::path folder;
  bundle::GeneratorConfig config;

  std::filesystem::path weights() const { return folder / bundle::kDecoderWeightsName; }
};

// Resolves --model, $DND_MODEL, the shipped default. Throws Error(no_input). Warns if untrained.
Generator open_generator(const std::string& model);

// --encoder, encoder/ in the bundle, $DND_ENCODERS/<name>, the installed encoders; for GloVe the same
// with <name>.txt files. Throws Error(unavailable) naming every place searched.
std::filesystem::path find_encoder(const Generator& generator, const std::string& option);

// Reads --prompts and warns about records left out.
text::PromptSet load_prompts(const SourceOptions& options);

// The prompts of one adapter.
struct ChosenPrompts {
  std::vector<std::string> texts;  // N, in the order of use
  std::size_t distinct = 0;
  std::string selection;  // "exact", "random", "first" or "repeated"
  std::string sha256;     // of the texts, each followed by a NUL byte
};
ChosenPrompts choose_prompts(const text::PromptTask& task, const bundle::ConditionConfig& condition,
                             const SourceOptions& options, std::size_t variant);

// Those that `known`, a map by prompts, does not have, each once.
template <typename Known>
std::vector<std::string> unknown_prompts(const std::vector<std::string>& prompts,
                                         const Known& known) {
  std::vector<std::string> unknown;
  std::unordered_set<std::string> listed;
  for (const std::string& prompt : prompts) {
    if (!known.contains(prompt) && listed.insert(prompt).second) unknown.push_back(prompt);
  }
  return unknown;
}

// A condition (N, L, C) with its mask (N, L): 1 = real token, 0 = padding (GloVe: a row of zeros).
struct MaskedCondition {
  HostTensor values;
  std::vector<std::uint8_t> mask;
};

// Tokenizer + encoder of a generator, opened once for many tasks.
class ConditionMaker {
 public:
  // `engine` must outlive the object. GloVe generators need no encoder in the engine.
  ConditionMaker(Engine& engine, const Generator& generator, std::filesystem::path encoder);

  // (N, L, C)
  HostTensor make(const std::vector<std::string>& prompts) const;
  // Of any number of prompts.
  MaskedCondition make_masked(const std::vector<std::string>& prompts) const;

 private:
  HostTensor make_glove(const std::vector<std::string>& prompts) const;

  Engine& engine_;
  const bundle::GeneratorConfig& config_;
  std::filesystem::path encoder_;
  std::unique_ptr<text::TextTokenizer> tokenizer_;
};

}  // namespace dnd::app
