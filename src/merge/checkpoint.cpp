#include "merge/checkpoint.h"

#include <utility>

#include "base/paths.h"
#include "formats/model_folder.h"
#include "target/base_config.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

CheckpointFile weight_file(const formats::SafetensorsFile& file) {
  CheckpointFile out{file.path(), file_bytes(file.path()), {}};
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

void read_config(Checkpoint& checkpoint, const formats::ConfigFile& config) {
  checkpoint.model_type = config.model_type();
  checkpoint.heads = target::config_heads(config);
  checkpoint.tied_embeddings = config.tied_embeddings().value_or(false);
  checkpoint.quantization = config.quantization();
}

}  // namespace

std::uint64_t Checkpoint::bytes() const {
  std::uint64_t sum = 0;
  for (const CheckpointFile& file : files) sum += file.bytes;
  return sum;
}

Checkpoint open_checkpoint(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  if (!is_folder(path)) {
    checkpoint.entry = path.filename().string();
    checkpoint.files.push_back(weight_file(formats::SafetensorsFile(path)));
    return checkpoint;
  }
  const formats::ModelFolder folder(path);
  checkpoint.entry = folder.weights().entry();
  for (const formats::SafetensorsFile& file : folder.weights().files()) {
    checkpoint.files.push_back(weight_file(file));
  }
  if (folder.has_config()) read_config(checkpoint, folder.config());
  formats::Companions companions = folder.companions();
  for (const std::string& name : companions.kept) {
    checkpoint.files.push_back({path / name, file_bytes(path / name), {}});
  }
  checkpoint.left_out = std::move(companions.left_out);
  return checkpoint;
}

}  // namespace dnd::merge
