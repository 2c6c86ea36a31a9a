// Names, types and shapes of a model's tensors, from safetensors headers alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace dnd::target {

struct TensorInfo {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
};

// One .safetensors file that is not a shard of several: Error(data) for a shard.
std::vector<TensorInfo> list_file(const std::filesystem::path& file);

// A *.safetensors.index.json and the shards beside it, shards by name. Throws Error(no_input) naming a
// missing shard, Error(data) where index and shards disagree, a tensor comes twice, or a shard is
// not a plain file name.
std::vector<TensorInfo> list_index(const std::filesystem::path& index);

// The weights in a folder: its index, else model.safetensors or
// diffusion_pytorch_model.safetensors, else all numbered shards, else its only .safetensors file.
// Empty where there is no .safetensors file.
std::vector<TensorInfo> list_folder(const std::filesystem::path& folder);

}  // namespace dnd::target
