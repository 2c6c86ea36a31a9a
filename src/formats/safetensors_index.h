// Models in several safetensors files: the index that names them, and all of their tensors as one.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors.h"

namespace dnd::formats {

// "weight_map" of a *.safetensors.index.json: tensor -> file beside the index. `who` begins messages.
// Throws Error(no_input), or Error(data) where the map is empty or names anything but plain file
// names that end in .safetensors.
std::map<std::string, std::string> read_safetensors_index(const std::filesystem::path& index,
                                                          const std::string& who);

// The tensors of a Hugging Face folder: model.safetensors, or the shards named by
// model.safetensors.index.json. Views live as long as the object.
class ModelTensors {
 public:
  // Throws Error(no_input), or Error(data) where index and shards disagree.
  explicit ModelTensors(const std::filesystem::path& folder);

  std::vector<std::string> names() const;  // sorted
  bool has(std::string_view name) const { return file_of_.find(name) != file_of_.end(); }
  std::int64_t elements(std::string_view name) const;  // of a tensor that is there
  // Throws Error(data) naming the file if there is none (with the nearest name), it has another shape,
  // or is not of a type that to_f32() reads.
  const TensorView& at(const std::string& name, const Shape& shape) const;

 private:
  void add(const std::filesystem::path& path);

  std::string who_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t, std::less<>> file_of_;  // tensor -> place in files_
};

}  // namespace dnd::formats
