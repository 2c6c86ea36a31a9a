// Weights of a safetensors file as tensors, without copying where the file allows it.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "formats/safetensors.h"
#include "ops/conv2d_same.h"

namespace dnd::nn {

// Keeps the file mapped; tensors of F32 files are views of the map (read-only: writing to one is a
// crash), others are converted copies made at each call. Views are valid as long as the store.
class WeightStore {
 public:
  explicit WeightStore(const std::filesystem::path& path) : file_(path) {}
  explicit WeightStore(formats::SafetensorsFile file) : file_(std::move(file)) {}

  const formats::SafetensorsFile& file() const { return file_; }
  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  // fp32, contiguous, multiplied by what stands beside it (bundle/channel_exponents.h). Throws
  // Error(data) if missing, not a float type, or of another shape.
  at::Tensor get(const std::string& name, const std::vector<std::int64_t>& shape) const;
  // A convolution's weight (Cout, Cin, k, k) as it is stored: F16 too is a view of the map.
  ops::ConvWeights convolution(const std::string& name,
                               const std::vector<std::int64_t>& shape) const;

 private:
  const formats::TensorView& checked(const std::string& name,
                                     const std::vector<std::int64_t>& shape) const;

  formats::SafetensorsFile file_;
};

}  // namespace dnd::nn
