// A language model in a GGUF file, or in the parts of one, as a Hugging Face folder would hold it:
// tensors under their names there, in their row order. gguf_config.h has what its config.json would say.
//
// Goals: one reading of such files for all that judge, change or run a base model. Non-goals: tokenizers;
// experts, vision towers and other tensors that gguf_names.h does not name keep their GGUF names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/attention_heads.h"
#include "formats/gguf.h"
#include "formats/weight_files.h"

namespace dnd::formats {

// How a tensor stands in the file.
struct GgufWeight {
  std::string name;  // Hugging Face's where there is one
  const GgufTensor* stored = nullptr;
  std::size_t part = 0;
  bool turned = false;  // the rows of q and k are in llama.cpp's order
  float shift = 0.0F;   // that was added to each value (Gemma's norms)
};

// Movable; views live as long as the object. The files of `where` are open.
class GgufModel {
 public:
  // Throws Error(no_input), or Error(data) for what is no model, an architecture without known names, q, k
  // and v fused into one, and parts that do not fit each other.
  explicit GgufModel(const WeightFiles& where);

  const std::vector<GgufFile>& parts() const { return parts_; }
  const GgufFile& metadata() const { return parts_[0]; }          // llama.cpp writes it there
  const std::string& architecture() const { return gguf_name_; }  // "llama", "qwen2", ...
  // In file order, by part. Factors of the rotary frequencies are none: gguf_config() tells them.
  const std::vector<GgufWeight>& weights() const { return weights_; }
  const GgufTensor* find_stored(
      std::string_view gguf_name) const;  // in any part; nullptr if absent
  // nullopt where the file does not say, or layers differ.
  std::optional<AttentionHeads> heads() const;
  // The first type of a layer's weight that is no float type, e.g. "Q4_K", else of any tensor; empty where
  // all are floats.
  std::string quantization() const;

  // By how many heads a turned tensor's rows are ordered. Throws Error(data) where that is not known or does
  // not fit.
  std::int64_t heads_of(const GgufWeight& weight) const;
  // Whether read_f32() knows the type.
  static bool can_read(const GgufWeight& weight);
  // As fp32 in C order, Hugging Face's rows and values; `target` has room for exactly the tensor. Throws
  // Error(data) for a type that cannot be decoded, and as heads_of().
  void read_f32(const GgufWeight& weight, std::span<float> target) const;

 private:
  void check_parts(const WeightFiles& where) const;
  void add_weight(std::size_t part, const GgufTensor& tensor);

  std::string who_;
  std::string gguf_name_;
  std::vector<GgufFile> parts_;
  std::vector<GgufWeight> weights_;
};

}  // namespace dnd::formats
