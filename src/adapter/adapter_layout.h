// Where each weight token goes: the adapter's matrices and how they are cut into tokens.
//
// A layout is data (docs/formats.md, "Layout file"): blocks of a base model, the modules of each
// block in token order, the rank, and the token shape (R, S). Token order is block by block,
// i = 0..count-1, modules as listed, the chunks of A before those of B. A matrix is cut along its
// long side into `chunks` pieces of ceil(size / chunks) columns, the last one narrower where the
// size is not a multiple. A piece (rank, width) sits at the top left of its (R, S) token; the last
// two rows and columns of a token carry the chunk's scale.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "base/json.h"
#include "target/base_model.h"

namespace dnd::adapter {

// Rows and columns at the end of every token that hold the scales.
inline constexpr std::int64_t kScaleCells = 2;

struct ModuleLayout {
  std::string name;  // below the block, e.g. "self_attn.q_proj"
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t chunks_a = 0;
  std::int64_t chunks_b = 0;
};

struct BlockLayout {
  std::string prefix;  // e.g. "model.layers.{i}"
  std::int64_t count = 0;
  std::vector<ModuleLayout> modules;
};

using target::AttentionHeads;

enum class Factor { a, b };

// One LoRA factor of one module: A (rank, in) or B (out, rank), and its tokens.
struct FactorLayout {
  std::string module;  // full path in the base, e.g. "model.layers.3.self_attn.q_proj"
  std::string key;     // tensor name in an adapter file
  Factor factor = Factor::a;
  std::int64_t size = 0;         // `in` for A, `out` for B
  std::int64_t chunks = 0;       // tokens of this factor
  std::int64_t first_token = 0;  // index of its first token

  // Columns of all chunks but possibly the last.
  std::int64_t chunk_width() const { return (size + chunks - 1) / chunks; }
  // Tensor shape in the file: (rank, in) or (out, rank).
  std::vector<std::int64_t> shape(std::int64_t rank) const;
};

struct AdapterLayout {
  std::string base_model;    // Hub id or path, as the user gave it; may be empty
  std::string architecture;  // e.g. "Qwen2ForCausalLM"; may be empty
  std::int64_t rank = 0;
  std::int64_t alpha = 0;
  std::int64_t token_rows = 0;     // R, at least rank + kScaleCells
  std::int64_t token_columns = 0;  // S
  std::string key_prefix = "base_model.model.";
  std::optional<AttentionHeads> heads;
  std::vector<BlockLayout> blocks;

  std::int64_t token_count() const;  // T
  // Every factor in token order.
  std::vector<FactorLayout> factors() const;
  // Last components of the module names without repetition, in order: PEFT's target_modules.
  std::vector<std::string> target_modules() const;
  std::int64_t parameter_count() const;
};

// The adapter of a layout, its values aside: a pair for each module in token order, scaled by alpha / rank;
// base and heads. Its A's and B's are empty.
LoraAdapter lora_of_layout(const AdapterLayout& layout);

// Of such an adapter the values of factors()[index].
std::vector<float>& factor_values(LoraAdapter& adapter, std::size_t index);

// Strict: unknown keys, sizes that do not fit and repeated modules are Error(data). `who` names the
// document, e.g. "layout: my.json".
AdapterLayout layout_from_json(const Json& json, const std::string& who);
AdapterLayout read_layout_file(const std::filesystem::path& path);
Json layout_to_json(const AdapterLayout& layout);

}  // namespace dnd::adapter
