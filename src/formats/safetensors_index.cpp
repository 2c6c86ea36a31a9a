#include "formats/safetensors_index.h"

#include <set>

#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::formats {
namespace fs = std::filesystem;
namespace {

bool is_plain_name(const std::string& name) {
  return name.ends_with(".safetensors") &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

}  // namespace

std::map<std::string, std::string> read_safetensors_index(const fs::path& index,
                                                          const std::string& who) {
  const Json json = read_json_file(index, who);
  JsonObject object(json, who);
  const Json& weights = object.at("weight_map");
  const std::string where = object.object("weight_map").where();
  std::map<std::string, std::string> file_of;
  for (const auto& [tensor, file] : weights.items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : json_line(file);
    if (!file.is_string() || !is_plain_name(name)) {
      fail(ErrorKind::data, where, ": '", printable(tensor), "': shard '", printable(name),
           "' is not the plain name of a .safetensors file beside the index");
    }
    file_of[tensor] = name;
  }
  if (file_of.empty()) fail(ErrorKind::data, who, ": 'weight_map' is empty");
  return file_of;
}

ModelTensors::ModelTensors(const fs::path& folder) : who_("base model: " + folder.string()) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  if (path_exists(single)) {
    add(single);
    return;
  }
  if (!path_exists(index)) {
    fail(ErrorKind::no_input, who_, ": holds neither model.safetensors nor ",
         index.filename().string());
  }
  const auto announced = read_safetensors_index(index, "base model: " + index.string());
  std::set<std::string> shards;
  for (const auto& [tensor, file] : announced) shards.insert(file);
  for (const std::string& shard : shards) add(folder / shard);
  for (const auto& [tensor, file] : announced) {
    const auto found = file_of_.find(tensor);
    if (found != file_of_.end() && files_[found->second].path().filename() == file) continue;
    fail(ErrorKind::data, who_, ": the index says that ", printable(file), " holds '",
         printable(tensor), "', it does not (index of another model?)");
  }
}

void ModelTensors::add(const fs::path& path) {
  files_.emplace_back(path);
  for (const TensorView& tensor : files_.back().tensors()) {
    if (file_of_.emplace(tensor.name, files_.size() - 1).second) continue;
    fail(ErrorKind::data, who_, ": tensor '", printable(tensor.name), "' comes twice, again in ",
         printable(path.filename().string()), " (shards of two models in one folder?)");
  }
}

std::vector<std::string> ModelTensors::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : file_of_) names.push_back(name);
  return names;
}

std::int64_t ModelTensors::elements(std::string_view name) const {
  const TensorView& view = files_[file_of_.find(name)->second].at(name);
  return static_cast<std::int64_t>(view.bytes.size() * 8 / dtype_bits(view.dtype));
}

const TensorView& ModelTensors::at(const std::string& name, const Shape& shape) const {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) {
    const std::string near = nearest_word(name, names());
    fail(ErrorKind::data, who_, ": no tensor '", printable(name), "'",
         near.empty() ? "" : cat(" (there is '", printable(near), "')"));
  }
  const TensorView& view = files_[found->second].at(name);
  const std::string where = cat(files_[found->second].path().string(), ": tensor '", name, "'");
  if (view.shape != shape) {
    fail(ErrorKind::data, where, ": shape ", shape_text(view.shape), ", expected ",
         shape_text(shape), " by config.json");
  }
  if (!is_float_convertible(view.dtype)) {
    fail(ErrorKind::data, where, ": dtype ", dtype_name(view.dtype), ", expected a float type");
  }
  return view;
}

}  // namespace dnd::formats
