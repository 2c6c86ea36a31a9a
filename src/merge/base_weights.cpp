#include "merge/base_weights.h"

#include <utility>

#include "base/paths.h"
#include "target/base_config.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

BaseFile weight_file(const formats::SafetensorsFile& file) {
  BaseFile out{file.path(), file_bytes(file.path()), {}};
  std::uint64_t data = 0;
  for (const formats::TensorView& tensor : file.tensors()) data += tensor.bytes.size();
  // The reader made sure that tensors follow each other up to the end of the file.
  std::uint64_t begin = out.bytes - data;
  for (const formats::TensorView& tensor : file.tensors()) {
    out.weights.push_back({tensor.name, tensor.dtype, tensor.shape, begin, tensor.bytes.size()});
    begin += tensor.bytes.size();
  }
  return out;
}

BaseWeights gguf_weights(const fs::path& path, std::shared_ptr<const formats::ModelFolder> folder) {
  BaseWeights base;
  base.path = path;
  base.entry = folder->weights().entry();
  const formats::GgufModel& model = *folder->weights().gguf();
  for (const formats::GgufFile& part : model.parts()) {
    base.files.push_back({part.path(), file_bytes(part.path()), {}});
  }
  for (const formats::GgufWeight& weight : model.weights()) {
    base.files[0].weights.push_back({weight.name, Dtype::f32, weight.stored->shape});
  }
  base.heads = model.heads();
  base.tied_embeddings = folder->config().tied_embeddings().value_or(false);
  base.gguf = std::move(folder);
  return base;
}

void read_config(BaseWeights& base, const formats::ConfigFile& config) {
  base.model_type = config.model_type();
  base.heads = target::config_heads(config);
  base.tied_embeddings = config.tied_embeddings().value_or(false);
  base.quantization = config.quantization();
}

}  // namespace

std::uint64_t BaseWeights::bytes() const {
  std::uint64_t sum = 0;
  for (const BaseFile& file : files) sum += file.bytes;
  return sum;
}

adapter::BaseHints BaseWeights::hints() const {
  constexpr std::string_view kWeight = ".weight";
  adapter::BaseHints hints{heads};
  for (const BaseFile& file : files) {
    for (const Weight& weight : file.weights) {
      if (!weight.name.ends_with(kWeight)) continue;
      hints.modules.push_back(weight.name.substr(0, weight.name.size() - kWeight.size()));
    }
  }
  return hints;
}

BaseWeights open_base_weights(const fs::path& path) {
  if (!is_folder(path) && formats::has_gguf_name(path)) {
    return gguf_weights(path, std::make_shared<const formats::ModelFolder>(path));
  }
  BaseWeights base;
  base.path = path;
  if (!is_folder(path)) {
    base.entry = path.filename().string();
    base.files.push_back(weight_file(formats::SafetensorsFile(path)));
    return base;
  }
  const auto shared = std::make_shared<const formats::ModelFolder>(path);
  const formats::ModelFolder& folder = *shared;
  if (folder.weights().gguf() != nullptr) return gguf_weights(path, shared);
  base.entry = folder.weights().entry();
  for (const formats::SafetensorsFile& file : folder.weights().files()) {
    base.files.push_back(weight_file(file));
  }
  if (folder.has_config()) read_config(base, folder.config());
  formats::Companions companions = folder.companions();
  for (const std::string& name : companions.kept) {
    base.files.push_back({path / name, file_bytes(path / name), {}});
  }
  base.left_out = std::move(companions.left_out);
  return base;
}

}  // namespace dnd::merge
