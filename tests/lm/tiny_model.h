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
  bool tokenizer = true;  // SentencePiece's
  Json tokenizer_json;    // null: none

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
    if (!tokenizer_json.is_null()) dir.file("tokenizer.json", json_line(tokenizer_json));
    return dir.path();
  }
};

// A tokenizer.json of the printable characters of ASCII and the line break; their codes are their ids.
inline Json character_tokenizer() {
  Json vocabulary = {{"<s>", 1U}, {"</s>", 2U}, {"\n", 10U}};
  for (unsigned code = 32; code < 127; ++code) {
    vocabulary[std::string(1, static_cast<char>(code))] = code;
  }
  return {{"version", "1.0"},
          {"added_tokens", Json::array()},
          {"normalizer", nullptr},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"decoder", {{"type", "Fuse"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}}}};
}

}  // namespace dnd::testing
