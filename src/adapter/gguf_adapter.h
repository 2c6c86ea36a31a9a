// LoRA adapters as GGUF files, as llama.cpp and Ollama load them.
//
// What is written equals what llama.cpp's convert_lora_to_gguf.py writes for the same matrices:
// tensors "<base tensor>.lora_a" (rank, in) and ".lora_b" (out, rank), and one alpha for the whole
// file; llama.cpp applies user_scale * alpha / rank, or user_scale alone where alpha is 0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "adapter/lora.h"
#include "adapter/written_file.h"
#include "base/staged.h"
#include "formats/gguf.h"
#include "target/base_model.h"

namespace dnd::adapter {

// A pair's tensors are "<tensor of the base><kGgufWeight><suffix>".
inline constexpr std::string_view kGgufWeight = ".weight";
inline constexpr std::string_view kGgufSuffixA = ".lora_a";
inline constexpr std::string_view kGgufSuffixB = ".lora_b";

struct GgufAdapterOptions {
  std::string architecture;  // Hugging Face class of the base, e.g. "Qwen2ForCausalLM"
  // Of the base; needed where llama.cpp reorders q_proj and k_proj (Llama, Mistral).
  std::optional<target::AttentionHeads> heads;
  // F32, F16, BF16 or Q8_0. With Q8_0, matrices whose rows are no multiple of 32 become F16, as the
  // converter has it (so every lora_b of a rank below 32).
  std::uint32_t ggml_type = formats::kGgmlF32;
  bool own_head =
      false;         // the base's output head is a tensor of its own: an adapter of it is written
  std::string name;  // general.name; left out where empty
  std::map<std::string, std::string> metadata;  // the "dnd.*" ones are written, others are not
};

// Whether the module is what llama.cpp calls "output", the head of a base that does not tie it.
bool is_gguf_head(std::string_view module);
inline constexpr std::string_view kGgufHead = "output";

// What a new file may replace: a GGUF file that says it is an adapter.
FileKind gguf_adapter_file();

// Writes `path` at once (see dnd::Staged); what is replaced must be a gguf_adapter_file().
//
// The file's alpha is scale * rank of most pairs (the first of equals), rounded to fp32; pairs with
// another one have the ratio folded into B. Where no alpha would do (all scales 0, or beyond fp32)
// it is 1 and everything is folded: an alpha of 0 would mean a scale of 1 to llama.cpp.
//
// Throws Error(data) for what GGUF adapters cannot say: an unknown architecture, DoRA, modules
// without a GGUF name (vision towers, embeddings, heads that may be tied, diffusion models), names above 63
// bytes, two pairs of one name, missing or unfitting heads, values that the type cannot hold.
WrittenFile write_gguf_adapter(const std::filesystem::path& path, const LoraAdapter& adapter,
                               const GgufAdapterOptions& options, OnExisting on_existing);

// Modules get Hugging Face's names ("model.layers.3.self_attn.q_proj") and row order. `dtype` is
// f32 for Q8_0. Throws Error(no_input), or Error(data) for all that llama.cpp's loader refuses, and
// for what it takes and a LoraAdapter cannot hold: norm tensors (it passes them over), embeddings,
// activation by tokens (aLoRA). `heads` are needed where rows are reordered.
LoraAdapter read_gguf_adapter(const std::filesystem::path& path,
                              const std::optional<target::AttentionHeads>& heads);

}  // namespace dnd::adapter
