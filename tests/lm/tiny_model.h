// A tiny random language model written to a folder, whose parts tests change.
#pragma once

#include <string>
#include <utility>

#include "base/json.h"
#include "support/golden.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::testing {

struct TinyModel {
  Json config = {{"architectures", {"Qwen2ForCausalLM"}},
                 {"hidden_size", 32},
                 {"num_hidden_layers", 2},
                 {"num_attention_heads", 4},
                 {"num_key_value_heads", 2},
                 {"intermediate_size", 48},
                 {"vocab_size", 368},
                 {"max_position_embeddings", 64},
                 {"tie_word_embeddings", true}};
  Dtype dtype = Dtype::f32;
  bool tokenizer = true;

  NamedShapes tensors() const {
    NamedShapes all = {{"model.embed_tokens.weight", {368, 32}}, {"model.norm.weight", {32}}};
    for (const char* layer : {"model.layers.0.", "model.layers.1."}) {
      const auto add = [&](const std::string& name, formats::Shape shape) {
        all.emplace_back(layer + name, std::move(shape));
      };
      add("input_layernorm.weight", {32});
      add("post_attention_layernorm.weight", {32});
      for (const auto& [name, out] : {std::pair("q", 32), std::pair("k", 16), std::pair("v", 16)}) {
        add(std::string("self_attn.") + name + "_proj.weight", {out, 32});
        add(std::string("self_attn.") + name + "_proj.bias", {out});
      }
      add("self_attn.o_proj.weight", {32, 32});
      add("mlp.gate_proj.weight", {48, 32});
      add("mlp.up_proj.weight", {48, 32});
      add("mlp.down_proj.weight", {32, 48});
    }
    return all;
  }

  const std::filesystem::path& write(const TempDir& dir) const { return write(dir, tensors()); }
  const std::filesystem::path& write(const TempDir& dir, const NamedShapes& shapes) const {
    dir.file("config.json", json_line(config));
    write_safetensors(dir / "model.safetensors", shapes, {{"format", "pt"}}, dtype);
    if (tokenizer) {
      std::filesystem::copy_file(data_path("text/llama/bpe.model"), dir / "tokenizer.model",
                                 std::filesystem::copy_options::overwrite_existing);
    }
    return dir.path();
  }
};

}  // namespace dnd::testing
