// A base model's weights on the disk: which tensor lies where in which file. Headers are read, values are
// not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/base_hints.h"
#include "base/dtype.h"
#include "formats/model_folder.h"
#include "target/base_model.h"

namespace dnd::merge {

struct Weight {
  std::string name;  // e.g. "model.layers.0.self_attn.q_proj.weight"
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // of its bytes, from the start of the file
  std::uint64_t bytes = 0;
};

struct BaseFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::vector<Weight> weights;  // in file order; none in configs, tokenizers and the like
};

struct BaseWeights {
  std::filesystem::path path;   // as given
  std::string entry;            // the file that leads to all weights, e.g. the index
  std::vector<BaseFile> files;  // weight files first; then what belongs to the model beside them
  std::vector<std::string> left_out;  // what lies in the folder and is not part of the model
  std::string quantization;           // config.json's quant_method; empty where weights are floats
  std::string model_type;             // config.json's, e.g. "qwen2"; may be empty
  bool tied_embeddings = false;       // config.json's tie_word_embeddings
  std::optional<target::AttentionHeads> heads;  // where config.json has them
  // Of a GGUF, else nullptr. files[0].weights are then all of its weights in that order, under Hugging
  // Face's names and as the fp32 that they are decoded to.
  std::shared_ptr<const formats::ModelFolder> gguf;

  std::uint64_t bytes() const;       // of all files
  adapter::BaseHints hints() const;  // modules: all that have a weight
};

// `path`: a folder, read as formats::ModelFolder reads it, a .gguf, or one .safetensors file by itself. No
// tensor comes twice. Throws Error(no_input), or Error(data) where files and index contradict each
// other.
BaseWeights open_base_weights(const std::filesystem::path& path);

}  // namespace dnd::merge
