// A generator as an evaluation uses it: any prompts, in any order, nothing computed twice.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "condition.h"
#include "eval/methods.h"

namespace dnd::app {

// Keeps embeddings, and up to 256 MiB of conditions and 1 GiB of adapters, by their prompts. One
// generator at a time: a new session takes the engine's encoder and decoder from the last.
class EvalSession {
 public:
  // Loads the encoder and the decoder. `engine` and `generator` must outlive the object.
  EvalSession(Engine& engine, const Generator& generator, const std::filesystem::path& encoder);

  // Refers to the session.
  eval::Generator door(const std::string& name);

 private:
  using Prompts = std::vector<std::string>;

  std::vector<float> embed(const Prompts& prompts);
  eval::Weights generate(const Prompts& prompts);
  void encode_missing(const Prompts& prompts);
  void encode(const Prompts& prompts);

  Engine& engine_;
  const Generator& generator_;
  ConditionMaker maker_;
  std::map<std::string, std::vector<float>> conditions_;  // by prompt: (L, C)
  std::map<std::string, std::vector<float>> embeddings_;  // by prompt: (C)
  std::map<Prompts, eval::Weights> adapters_;
};

}  // namespace dnd::app
