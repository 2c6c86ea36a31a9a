// A base model's files: the one reader of what stands in its folder, for all that judge, change or
// run the model, so that they mean the same weights.
//
// Goals: headers and config.json are read once; an index is held against what its shards hold.
// Non-goals: weights in other formats (pickles, GGUF), and what the tensors mean.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/config_file.h"
#include "formats/safetensors.h"
#include "formats/weight_files.h"

namespace dnd::formats {

// All tensors of a model's weights files as one; no name comes twice. Views live as long as the object.
class ModelTensors {
 public:
  // Throws Error(no_input), or Error(data) where index and shards disagree or a tensor comes twice.
  explicit ModelTensors(WeightFiles files);

  const std::string& entry() const { return where_.entry; }
  const std::vector<SafetensorsFile>& files() const { return files_; }
  std::vector<const TensorView*> all() const;  // by file, each in file order
  std::vector<std::string> names() const;      // sorted
  bool has(std::string_view name) const { return file_of_.find(name) != file_of_.end(); }
  std::int64_t elements(std::string_view name) const;  // of a tensor that is there
  // Throws Error(data) naming the file if there is none (with the nearest name), it has another shape,
  // or is not of a type that to_f32() reads.
  const TensorView& at(const std::string& name, const Shape& shape) const;

 private:
  void add(const std::filesystem::path& path);
  void check_index() const;

  WeightFiles where_;
  std::string who_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t, std::less<>> file_of_;  // tensor -> place in files_
};

// The names of what lies beside the weights files, sorted.
struct Companions {
  std::vector<std::string> kept;  // belongs to the model: config, tokenizer, the index, ...
  std::vector<std::string>
      left_out;  // folders (with a slash), other weights, links to nothing, ...
};

class ModelFolder {
 public:
  // `path`: a folder, a *.safetensors.index.json, or a .safetensors file that is all of a model.
  // What is there is opened, and config.json beside it. Throws as find_weight_files(), ModelTensors
  // and ConfigFile do.
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
