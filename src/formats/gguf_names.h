// How llama.cpp names what Hugging Face names otherwise.
//
// Source: tensor_mapping.py of gguf-py 0.19, conversion/ of llama.cpp 0.5.0 (docs/formats.md,
// "GGUF").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/attention_heads.h"

namespace dnd::formats {

// `general.architecture` for a Hugging Face class, e.g. "qwen2" for "Qwen2ForCausalLM"; nullopt
// where llama.cpp has no such model, or where a plain renaming is not enough.
std::optional<std::string> gguf_architecture(std::string_view architecture);
// Every Hugging Face class with a GGUF name, for messages.
std::vector<std::string> gguf_supported_architectures();

// Base tensor name without ".weight", e.g. "blk.3.attn_q", for a path below "model.layers.",
// "model.language_model.layers." or "language_model.model.layers."; nullopt where the architecture
// has none (vision towers, embeddings, output head, experts).
std::optional<std::string> gguf_tensor_name(std::string_view gguf_architecture,
                                            std::string_view module);
// The inverse: "blk.3.attn_q" -> "model.layers.3.self_attn.q_proj".
std::optional<std::string> module_of_gguf_tensor(std::string_view gguf_architecture,
                                                 std::string_view tensor);

// Any tensor of a model under its Hugging Face name: "model.layers.3.input_layernorm.weight" for
// "blk.3.attn_norm.weight", "model.embed_tokens.weight" for "token_embd.weight"; nullopt for what the
// architecture does not have.
std::optional<std::string> huggingface_tensor_name(std::string_view gguf_architecture,
                                                   std::string_view tensor);
// Whether llama.cpp keeps norms' weights plus one (the Gemma models), as it computes with them.
bool has_shifted_norms(std::string_view gguf_architecture);

// Whether llama.cpp reorders the rows of this module's weight (so of lora_B) for its rotary
// embedding: q_proj and k_proj of "llama" and "mistral3". Files converted from Mistral's own format
// keep the order but have the same names; adapters for those are not supported.
bool has_permuted_rows(std::string_view gguf_architecture, std::string_view module);
// The number of heads it does so by, 0 where it does not.
std::int64_t permuted_heads(std::string_view gguf_architecture, std::string_view module,
                            const AttentionHeads& heads);

// Row `row` of the file's q or k is this row of Hugging Face's; a head has `head_rows`, an even number.
// Source: LlamaModel.permute in llama.cpp's conversion/llama.py. Each head's rows come as two halves,
// which transformers rotates against each other; llama.cpp interleaves them.
std::int64_t huggingface_row(std::int64_t row, std::int64_t head_rows);

}  // namespace dnd::formats
