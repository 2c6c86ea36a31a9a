// Prompts -> adapters: one generator on an engine. Every command that makes adapters, or a generator's view
// of prompts, comes through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapter/lora.h"
#include "adapter/provenance.h"
#include "dnd/engine.h"
#include "formats/safetensors.h"
#include "generate/generator.h"
#include "generate/prompt_encoder.h"

namespace dnd::generate {

// Room for the conditions of tasks that have prompts in common, as variants of one file do.
inline constexpr std::size_t kSharedConditionBytes = std::size_t{256} << 20U;

struct SessionOptions {
  // Of conditions, kept by prompt so that none is encoded twice; when they are more, all go. 0: none is kept,
  // for a call that has nothing to share.
  std::size_t kept_bytes = 0;
  bool embeddings = false;  // embed() is going to be called
};

// One at a time on an engine: a new session takes the engine's encoder and decoder from the last. What it
// gives does not depend on what was asked before.
class Session {
 public:
  using Prompts = std::vector<std::string>;

  // Loads the encoder (none where `encoder` is empty: conditions are given then) and the decoder. `weights`
  // is the generator's decoder.safetensors, opened by the caller, who may have it read ahead before there
  // is an engine. `engine` and `generator` must outlive the object.
  Session(Engine& engine, const Generator& generator, const std::filesystem::path& encoder,
          formats::SafetensorsFile weights, const SessionOptions& options);

  // What the decoder's first layer takes of these prompts, in order: (N, L', C).
  HostTensor condition(const Prompts& prompts);
  // The same of a condition (N, L, C) that is there already.
  HostTensor project(HostTensor condition);

  // Mean over the prompts of their pooled embeddings (C). With SessionOptions::embeddings only.
  std::vector<float> embed(const Prompts& prompts);

  // Weight tokens (T, R, S) of each condition, which are taken. Together they cost less than one by one; each
  // one's bytes are the same.
  std::vector<HostTensor> decode(std::vector<HostTensor> conditions, const LayerCallback& on_layer);

  // The adapter that weight tokens are.
  adapter::LoraAdapter adapter(const HostTensor& tokens,
                               const adapter::Provenance& provenance) const;

 private:
  HostTensor encode(const Prompts& prompts);
  void keep(const Prompts& prompts);
  std::size_t row_values() const;  // of one prompt, projected

  Engine& engine_;
  const Generator& generator_;
  SessionOptions options_;
  std::optional<PromptEncoder> encoder_;
  std::vector<std::int64_t> row_shape_;                             // (L', C), once one is known
  std::unordered_map<std::string, std::vector<float>> rows_;        // by prompt: (L', C)
  std::unordered_map<std::string, std::vector<float>> embeddings_;  // by prompt: (C)
};

}  // namespace dnd::generate
