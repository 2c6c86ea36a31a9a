#include "base/paths.h"
#include "base/strings.h"
#include "formats/config_file.h"
#include "formats/model_folder.h"
#include "target/base_config.h"
#include "target/base_model.h"
#include "target/gguf_base.h"
#include "target/tensor_linears.h"

namespace dnd::target {
namespace fs = std::filesystem;
namespace {

using formats::ConfigFile;
using formats::ModelFolder;

std::string who_is(const fs::path& path) { return "base model: " + path.string(); }

BaseModel read_config_alone(const ConfigFile& config) {
  BaseModel model;
  model.source = config.path().string();
  read_config_linears(config, model);
  read_config_facts(config, model);
  return model;
}

// Weights that are packed have no shape in the header; the config has to tell it.
void take_shapes_of_config(const ModelFolder& folder, const std::string& packed, BaseModel& model) {
  if (!folder.has_config()) {
    fail(ErrorKind::data, who_is(model.source), ": '", printable(packed), "' is packed (",
         model.quantization.empty() ? "quantised" : printable(model.quantization),
         "), so its header does not tell its shape; put the model's config.json beside it");
  }
  model.linears.clear();
  model.experts.clear();
  read_config_linears(folder.config(), model);
}

void refuse_nothing(const TensorList& tensors, const BaseModel& model) {
  if (!model.linears.empty() || !model.experts.empty()) return;
  fail(ErrorKind::data, who_is(model.source), ": no linear layer among ", tensors.size(),
       " tensors (expected 2-D float tensors '<module>.weight')");
}

BaseModel read_weights(const ModelFolder& folder) {
  if (folder.weights().gguf() != nullptr) return read_gguf_base(folder);
  BaseModel model;
  model.source = folder.path().string();
  if (folder.has_config()) read_config_facts(folder.config(), model);
  const TensorList tensors = folder.weights().all();
  const auto packed = linears_from_tensors(tensors, model);
  if (!packed.empty()) take_shapes_of_config(folder, packed[0], model);
  refuse_nothing(tensors, model);
  return model;
}

BaseModel read_folder(const fs::path& path) {
  // The folder of a whole diffusers pipeline: adapters are for its transformer.
  const bool pipeline = path_exists(path / "model_index.json");
  if (pipeline && is_folder(path / "transformer")) return read_folder(path / "transformer");
  const ModelFolder folder(path);
  return folder.has_weights() ? read_weights(folder) : read_config_alone(folder.config());
}

}  // namespace

BaseModel read_base_model(const fs::path& path) {
  if (!path_exists(path)) fail(ErrorKind::no_input, who_is(path), ": not found");
  if (is_folder(path)) return read_folder(path);
  const std::string name = path.filename().string();
  if (name.ends_with(".safetensors.index.json") || name.ends_with(".safetensors") ||
      formats::has_gguf_name(path)) {
    return read_weights(ModelFolder(path));
  }
  if (name.ends_with(".json")) return read_config_alone(ConfigFile(path));
  fail(ErrorKind::data, who_is(path),
       ": expected a Hugging Face folder, a config.json, a .safetensors file, a "
       "*.safetensors.index.json or a .gguf");
}

}  // namespace dnd::target
