// A base model's files: the one reader of what stands in its folder, for all that judge, change or
// run the model, so that they mean the same weights.
//
// Goals: headers and config.json are read once; an index is held against what its shards hold; a GGUF
// reads as the folder it was made of would. Non-goals: weights in other formats (pickles), and what the
// tensors mean.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/config_file.h"
#include "formats/gguf_model.h"
#include "formats/safetensors.h"
#include "formats/weight_files.h"

namespace dnd::formats {

// One tensor under its Hugging Face name and in its shape there.
struct ModelTensor {
  std::string name;
  Shape shape;
  std::string_view type;  // "BF16", "Q4_K", ...
  // The values as they stand in the file, C order. No type and no bytes where a GGUF has them in blocks, in
  // another order of rows or shifted: ModelTensors::read_f32() tells them.
  std::optional<Dtype> dtype = {};
  std::span<const std::byte> bytes = {};
  std::size_t file = 0;                    // place among the names of the files
  std::optional<std::size_t> weight = {};  // place in a GGUF's

  std::int64_t elements() const;
};

// All tensors of a model's weights files as one; no name comes twice. Views live as long as the object.
class ModelTensors {
 public:
  // Throws Error(no_input), or Error(data) where index and shards disagree or a tensor comes twice.
  explicit ModelTensors(WeightFiles files);

  const std::string& entry() const { return where_.entry; }
  const std::vector<std::string>& file_names() const { return where_.names; }
  // The files themselves: either one or the other.
  const std::vector<SafetensorsFile>& files() const { return files_; }
  const GgufModel* gguf() const { return gguf_ ? &*gguf_ : nullptr; }  // nullptr: safetensors
  std::vector<const TensorView*> all() const;  // of safetensors, by file, each in file order
  std::vector<std::string> names() const;      // sorted
  bool has(std::string_view name) const { return places_.find(name) != places_.end(); }
  std::int64_t elements(std::string_view name) const;  // of a tensor that is there
  // Throws Error(data) naming the file if there is none (with the nearest name), it has another shape,
  // or is not of a type that read_f32() reads.
  const ModelTensor& at(const std::string& name, const Shape& shape) const;
  // The values of one that at() gave, as fp32 in C order; `target` has room for exactly them.
  void read_f32(const ModelTensor& tensor, std::span<float> target) const;

 private:
  void add_file(const std::string& name);
  void add_gguf();
  void add(ModelTensor tensor);
  void check_index() const;

  WeightFiles where_;
  std::string who_;
  std::vector<SafetensorsFile> files_;
  std::optional<GgufModel> gguf_;
  std::vector<ModelTensor> tensors_;
  std::map<std::string, std::size_t, std::less<>> places_;  // tensor -> place in tensors_
};

// The names of what lies beside the weights files, sorted.
struct Companions {
  std::vector<std::string> kept;  // belongs to the model: config, tokenizer, the index, ...
  std::vector<std::string>
      left_out;  // folders (with a slash), other weights, links to nothing, ...
};

class ModelFolder {
 public:
  // `path`: a folder, a *.safetensors.index.json, a .safetensors file that is all of a model, or a .gguf.
  // What is there is opened, and config.json beside it; a GGUF is its own. Throws as find_weight_files(),
  // ModelTensors, GgufModel and ConfigFile do.
  explicit ModelFolder(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }  // as given
  bool has_weights() const { return weights_.has_value(); }
  bool has_config() const { return config_.has_value(); }
  // Throw Error(no_input) saying what is missing.
  const ModelTensors& weights() const;
  const ConfigFile& config() const;
  Companions companions() const;  // of a folder with weights

 private:
  std::filesystem::path path_;
  std::filesystem::path folder_;
  std::optional<ModelTensors> weights_;
  std::optional<ConfigFile> config_;
};

}  // namespace dnd::formats
