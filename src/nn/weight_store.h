// Weights of a safetensors file as tensors, without copying where the file allows it.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "formats/safetensors.h"

namespace dnd::nn {

// Keeps the file mapped; tensors of F32 files are views of the map (read-only: writing to one is a
// crash), others are converted copies made at each call. Views are valid as long as the store.
class WeightStore {
 public:
  explicit WeightStore(const std::filesystem::path& path) : file_(path) {}

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  // fp32, contiguous. Throws Error(data) if missing, not a float type, or of another shape.
  at::Tensor get(const std::string& name, const std::vector<std::int64_t>& shape) const;

 private:
  formats::SafetensorsFile file_;
};

}  // namespace dnd::nn
