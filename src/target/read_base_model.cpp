#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "target/base_config.h"
#include "target/base_model.h"
#include "target/gguf_base.h"
#include "target/tensor_linears.h"
#include "target/tensor_list.h"

namespace dnd::target {
namespace fs = std::filesystem;
namespace {

constexpr const char* kConfigName = "config.json";

std::string who_is(const fs::path& path) { return "base model: " + path.string(); }

BaseModel read_config_alone(const fs::path& config) {
  BaseModel model;
  model.source = config.string();
  const Json json = read_json_file(config, who_is(config));
  read_config_linears(json, who_is(config), model);
  read_config_facts(json, who_is(config), model);
  return model;
}

// Weights that are packed have no shape in the header; the config has to tell it.
void take_shapes_of_config(const fs::path& config, const std::string& packed, BaseModel& model) {
  if (!path_exists(config)) {
    fail(ErrorKind::data, who_is(model.source), ": '", printable(packed), "' is packed (",
         model.quantization.empty() ? "quantised" : printable(model.quantization),
         "), so its header does not tell its shape; put the model's config.json beside it");
  }
  const Json json = read_json_file(config, who_is(config));
  model.linears.clear();
  model.experts.clear();
  read_config_linears(json, who_is(config), model);
}

void refuse_nothing(const std::vector<TensorInfo>& tensors, const BaseModel& model) {
  if (!model.linears.empty() || !model.experts.empty()) return;
  fail(ErrorKind::data, who_is(model.source), ": no linear layer among ", tensors.size(),
       " tensors (expected 2-D float tensors '<module>.weight')");
}

BaseModel read_tensors(const std::vector<TensorInfo>& tensors, const fs::path& source,
                       const fs::path& folder) {
  BaseModel model;
  model.source = source.string();
  const fs::path config = folder / kConfigName;
  if (path_exists(config)) {
    read_config_facts(read_json_file(config, who_is(config)), who_is(config), model);
  }
  const auto packed = linears_from_tensors(tensors, model);
  if (!packed.empty()) take_shapes_of_config(config, packed[0], model);
  refuse_nothing(tensors, model);
  return model;
}

BaseModel read_folder(const fs::path& folder) {
  // The folder of a whole diffusers pipeline: adapters are for its transformer.
  const bool pipeline = path_exists(folder / "model_index.json");
  if (pipeline && is_folder(folder / "transformer")) {
    return read_folder(folder / "transformer");
  }
  const auto tensors = list_folder(folder);
  if (!tensors.empty()) return read_tensors(tensors, folder, folder);
  return read_config_alone(folder / kConfigName);
}

}  // namespace

BaseModel read_base_model(const fs::path& path) {
  if (!path_exists(path)) fail(ErrorKind::no_input, who_is(path), ": not found");
  if (is_folder(path)) return read_folder(path);
  const std::string name = path.filename().string();
  if (name.ends_with(".safetensors.index.json")) {
    return read_tensors(list_index(path), path, path.parent_path());
  }
  if (name.ends_with(".json")) return read_config_alone(path);
  if (name.ends_with(".safetensors")) {
    return read_tensors(list_file(path), path, path.parent_path());
  }
  if (name.ends_with(".gguf")) return read_gguf_base(path);
  fail(ErrorKind::data, who_is(path),
       ": expected a Hugging Face folder, a config.json, a .safetensors file, a "
       "*.safetensors.index.json or a .gguf");
}

}  // namespace dnd::target
