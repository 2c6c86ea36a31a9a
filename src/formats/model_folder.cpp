#include "formats/model_folder.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/paths.h"
#include "base/strings.h"

namespace dnd::formats {
namespace fs = std::filesystem;
namespace {

// Weights in other formats, and what other tools keep beside them.
constexpr std::array<std::string_view, 16> kForeignEndings = {
    ".safetensors", ".index.json", ".bin", ".pt", ".pth",       ".ckpt",   ".gguf", ".h5",
    ".msgpack",     ".onnx",       ".npz", ".ot", ".onnx_data", ".tflite", ".zip",  ".tar"};
constexpr std::array<std::string_view, 2> kForeignNames = {"adapter_config.json",
                                                           "consolidated.params.json"};

std::string model_at(const fs::path& path) { return "base model: " + path.string(); }

bool is_foreign(const std::string& name) {
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  return name.starts_with('.') ||
         std::any_of(kForeignEndings.begin(), kForeignEndings.end(), ends) ||
         std::find(kForeignNames.begin(), kForeignNames.end(), name) != kForeignNames.end();
}

// What cannot be looked at (a loop of links) is left out like a link to nothing.
PathKind kind_of_companion(const fs::path& path) {
  try {
    return kind_of(path);
  } catch (const Error&) {
    if (is_link(path)) return PathKind::absent;
    throw;
  }
}

std::optional<WeightFiles> files_at(const fs::path& path) {
  if (is_folder(path)) return find_weight_files(path);
  return path.string().ends_with(".json") ? weight_files_of_index(path)
                                          : weight_files_of_file(path);
}

std::string why_no_weights(const fs::path& folder) {
  if (path_exists(folder / "adapter_config.json")) return " (this is an adapter)";
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    if (path_exists(folder / name)) return " (only safetensors weights are read, pickles are not)";
  }
  return "";
}

}  // namespace

ModelTensors::ModelTensors(WeightFiles files)
    : where_(std::move(files)), who_(model_at(where_.entry_path())) {
  for (const std::string& name : where_.names) add(where_.folder / name);
  if (!where_.announced.empty()) check_index();
}

void ModelTensors::add(const fs::path& path) {
  files_.emplace_back(path);
  for (const TensorView& tensor : files_.back().tensors()) {
    const auto [first, is_new] = file_of_.emplace(tensor.name, files_.size() - 1);
    if (is_new) continue;
    fail(ErrorKind::data, who_, ": tensor '", printable(tensor.name), "' is in ",
         printable(where_.names[first->second]), " and in ", printable(path.filename().string()),
         " (shards of two models in one folder?)");
  }
}

// Both maps are sorted by tensor: the first difference is the one to tell.
void ModelTensors::check_index() const {
  for (const auto& [tensor, file] : where_.announced) {
    const auto place = file_of_.find(tensor);
    const bool is_there = place != file_of_.end();
    if (is_there && where_.names[place->second] == file) continue;
    fail(ErrorKind::data, who_, ": tensor '", printable(tensor), "' should be in ", printable(file),
         ", it is ", is_there ? "in " + printable(where_.names[place->second]) : "in no shard",
         " (index of another model?)");
  }
  for (const auto& [tensor, place] : file_of_) {
    if (where_.announced.count(tensor) > 0) continue;
    fail(ErrorKind::data, who_, ": ", printable(where_.names[place]), " holds '", printable(tensor),
         "', which the index does not list (index of another model?)");
  }
}

std::vector<const TensorView*> ModelTensors::all() const {
  std::vector<const TensorView*> all;
  for (const SafetensorsFile& file : files_) {
    for (const TensorView& tensor : file.tensors()) all.push_back(&tensor);
  }
  return all;
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

ModelFolder::ModelFolder(const fs::path& path)
    : path_(path), folder_(is_folder(path) ? path : path.parent_path()) {
  if (auto files = files_at(path)) weights_.emplace(std::move(*files));
  const fs::path config = folder_ / kConfigFileName;
  if (path_exists(config)) config_.emplace(config);
}

const ModelTensors& ModelFolder::weights() const {
  if (weights_) return *weights_;
  fail(ErrorKind::no_input, model_at(path_),
       ": holds no weights: expected model.safetensors or model.safetensors.index.json",
       why_no_weights(folder_));
}

const ConfigFile& ModelFolder::config() const {
  if (config_) return *config_;
  fail(ErrorKind::no_input, model_at(folder_ / kConfigFileName), ": not found");
}

Companions ModelFolder::companions() const {
  std::set<std::string> taken;
  for (const SafetensorsFile& file : weights().files()) {
    taken.insert(file.path().filename().string());
  }
  Companions companions;
  for (const fs::path& path : list_folder(folder_)) {
    const std::string name = path.filename().string();
    if (taken.count(name) > 0) continue;
    const PathKind kind = kind_of_companion(path);
    if (kind == PathKind::file && (name == weights().entry() || !is_foreign(name))) {
      companions.kept.push_back(name);
    } else {
      companions.left_out.push_back(kind == PathKind::folder ? name + "/" : name);
    }
  }
  return companions;
}

}  // namespace dnd::formats
