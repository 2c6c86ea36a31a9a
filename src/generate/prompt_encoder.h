// Prompts -> condition: the tokenizer and the text encoder of a generator, opened once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dnd/engine.h"
#include "generate/generator.h"
#include "text/tokenizer.h"

namespace dnd::generate {

// A condition (N, L, C) with its mask (N, L): 1 = real token, 0 = padding (GloVe: a row of zeros).
struct MaskedCondition {
  HostTensor values;
  std::vector<std::uint8_t> mask;
};

class PromptEncoder {
 public:
  // Loads the encoder into the engine; GloVe generators need none there. `engine` and `generator` must
  // outlive the object. Throws Error(data) where the encoder is not as wide as the generator needs.
  PromptEncoder(Engine& engine, const Generator& generator, std::filesystem::path encoder);

  // Of any number of prompts. A prompt's rows do not depend on the others.
  MaskedCondition encode(const std::vector<std::string>& prompts) const;

 private:
  void load();
  MaskedCondition look_up(const std::vector<std::string>& prompts) const;

  Engine& engine_;
  const bundle::GeneratorConfig& config_;
  std::filesystem::path encoder_;
  std::unique_ptr<text::TextTokenizer> tokenizer_;  // of a transformer
};

}  // namespace dnd::generate
