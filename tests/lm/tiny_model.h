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

  // Of this config, with heads of hidden_size / num_attention_heads.
  NamedShapes tensors() const {
    const std::int64_t c = config["hidden_size"];
    const std::int64_t inner = config["intermediate_size"];
    const std::int64_t heads = config["num_attention_heads"];
    const std::int64_t kv = c / heads * config["num_key_value_heads"].get<std::int64_t>();
    NamedShapes all = {{"model.embed_tokens.weight", {config["vocab_size"], c}},
                       {"model.norm.weight", {c}}};
    for (int i = 0; i < config["num_hidden_layers"]; ++i) {
      const auto add = [&](const std::string& name, formats::Shape shape) {
        all.emplace_back("model.layers." + std::to_string(i) + "." + name, std::move(shape));
      };
      add("input_layernorm.weight", {c});
      add("post_attention_layernorm.weight", {c});
      for (const auto& [name, out] : {std::pair("q", c), std::pair("k", kv), std::pair("v", kv)}) {
        add(std::string("self_attn.") + name + "_proj.weight", {out, c});
        add(std::string("self_attn.") + name + "_proj.bias", {out});
      }
      add("self_attn.o_proj.weight", {c, c});
      add("mlp.gate_proj.weight", {inner, c});
      add("mlp.up_proj.weight", {inner, c});
      add("mlp.down_proj.weight", {c, inner});
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
