#include "formats/model_folder.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/paths.h"
#include "base/strings.h"
#include "formats/dequantize.h"
#include "formats/gguf_config.h"

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
  if (has_gguf_name(path)) return weight_files_of_gguf(path);
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

std::int64_t ModelTensor::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;  // the readers made sure that it fits
  return count;
}

ModelTensors::ModelTensors(WeightFiles files)
    : where_(std::move(files)), who_(model_at(where_.entry_path())) {
  if (has_gguf_name(where_.entry)) {
    add_gguf();
  } else {
    for (const std::string& name : where_.names) add_file(name);
  }
  if (!where_.announced.empty()) check_index();
}

void ModelTensors::add_file(const std::string& name) {
  files_.emplace_back(where_.folder / name);
  for (const TensorView& tensor : files_.back().tensors()) {
    add({.name = tensor.name,
         .shape = tensor.shape,
         .type = dtype_name(tensor.dtype),
         .dtype = tensor.dtype,
         .bytes = tensor.bytes,
         .file = files_.size() - 1});
  }
}

void ModelTensors::add_gguf() {
  gguf_.emplace(where_);
  for (std::size_t i = 0; i < gguf_->weights().size(); ++i) {
    const GgufWeight& weight = gguf_->weights()[i];
    ModelTensor tensor{.name = weight.name,
                       .shape = weight.stored->shape,
                       .type = weight.stored->type->name,
                       .file = weight.part,
                       .weight = i};
    if (!weight.turned && weight.shift == 0.0F && weight.stored->type->dtype) {
      tensor.dtype = weight.stored->type->dtype;
      tensor.bytes = weight.stored->bytes;
    }
    add(std::move(tensor));
  }
}

void ModelTensors::add(ModelTensor tensor) {
  const auto [first, is_new] = places_.emplace(tensor.name, tensors_.size());
  if (!is_new) {
    fail(ErrorKind::data, who_, ": tensor '", printable(tensor.name), "' is in ",
         printable(where_.names[tensors_[first->second].file]), " and in ",
         printable(where_.names[tensor.file]), " (shards of two models in one folder?)");
  }
  tensors_.push_back(std::move(tensor));
}

// Both maps are sorted by tensor: the first difference is the one to tell.
void ModelTensors::check_index() const {
  const auto file_of = [&](std::size_t place) { return where_.names[tensors_[place].file]; };
  for (const auto& [tensor, file] : where_.announced) {
    const auto place = places_.find(tensor);
    const bool is_there = place != places_.end();
    if (is_there && file_of(place->second) == file) continue;
    fail(ErrorKind::data, who_, ": tensor '", printable(tensor), "' should be in ", printable(file),
         ", it is ", is_there ? "in " + printable(file_of(place->second)) : "in no shard",
         " (index of another model?)");
  }
  for (const auto& [tensor, place] : places_) {
    if (where_.announced.count(tensor) > 0) continue;
    fail(ErrorKind::data, who_, ": ", printable(file_of(place)), " holds '", printable(tensor),
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
  for (const auto& [name, place] : places_) names.push_back(name);
  return names;
}

std::int64_t ModelTensors::elements(std::string_view name) const {
  return tensors_[places_.find(name)->second].elements();
}

const ModelTensor& ModelTensors::at(const std::string& name, const Shape& shape) const {
  const auto found = places_.find(name);
  if (found == places_.end()) {
    const std::string near = nearest_word(name, names());
    fail(ErrorKind::data, who_, ": no tensor '", printable(name), "'",
         near.empty() ? "" : cat(" (there is '", printable(near), "')"));
  }
  const ModelTensor& tensor = tensors_[found->second];
  const std::string where =
      cat((where_.folder / where_.names[tensor.file]).string(), ": tensor '", name, "'");
  if (tensor.shape != shape) {
    fail(ErrorKind::data, where, ": shape ", shape_text(tensor.shape), ", expected ",
         shape_text(shape), gguf_ ? " by the metadata" : " by config.json");
  }
  const bool readable = gguf_ ? GgufModel::can_read(gguf_->weights()[*tensor.weight])
                              : is_float_convertible(*tensor.dtype);
  if (readable) return tensor;
  if (!gguf_) {
    fail(ErrorKind::data, (where_.folder / where_.names[tensor.file]).string(), ": ",
         refused_type(*tensor.dtype, name));
  }
  fail(ErrorKind::data, where, ": dtype ", tensor.type, ", expected a float type of ",
       dequantizable_types());
}

void ModelTensors::read_f32(const ModelTensor& tensor, std::span<float> target) const {
  if (gguf_) return gguf_->read_f32(gguf_->weights()[*tensor.weight], target);
  to_f32(*tensor.dtype, tensor.bytes, target);
}

ModelFolder::ModelFolder(const fs::path& path)
    : path_(path), folder_(is_folder(path) ? path : path.parent_path()) {
  if (auto files = files_at(path)) weights_.emplace(std::move(*files));
  if (weights_ && weights_->gguf() != nullptr) {
    config_.emplace(folder_ / weights_->entry(), gguf_config(*weights_->gguf()));
    return;
  }
  const fs::path config = folder_ / kConfigFileName;
  if (path_exists(config)) config_.emplace(config);
}

const ModelTensors& ModelFolder::weights() const {
  if (weights_) return *weights_;
  fail(ErrorKind::no_input, model_at(path_),
       ": holds no weights: expected model.safetensors, model.safetensors.index.json or a .gguf",
       why_no_weights(folder_));
}

const ConfigFile& ModelFolder::config() const {
  if (config_) return *config_;
  fail(ErrorKind::no_input, model_at(folder_ / kConfigFileName), ": not found");
}

Companions ModelFolder::companions() const {
  const std::set<std::string> taken(weights().file_names().begin(), weights().file_names().end());
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
