// Random adapters, and base weights as text and bytes, for the tests of merging.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "adapter/lora.h"
#include "base/dtype.h"
#include "base/json.h"
#include "formats/safetensors.h"
#include "merge/adapter_argument.h"
#include "support/lora.h"

namespace dnd::testing {

inline merge::WeightedAdapter weighted(const std::string& name, double weight,
                                       std::vector<adapter::LoraPair> pairs) {
  merge::WeightedAdapter out{name, weight, {}};
  out.adapter.pairs = std::move(pairs);
  return out;
}

struct RawTensor {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

inline RawTensor float_tensor(const std::string& name, Dtype dtype,
                              const std::vector<std::int64_t>& shape,
                              const std::vector<float>& values) {
  RawTensor tensor{name, dtype, shape, std::string(values.size() * dtype_bits(dtype) / 8, '\0')};
  from_f32(dtype, values,
           std::as_writable_bytes(std::span(tensor.bytes.data(), tensor.bytes.size())));
  return tensor;
}

inline RawTensor random_tensor(const std::string& name, Dtype dtype, std::int64_t out,
                               std::int64_t in, std::uint64_t seed) {
  return float_tensor(name, dtype, {out, in},
                      random_values(static_cast<std::size_t>(out * in), seed));
}

// A safetensors file with its tensors in the given order and a header that no writer would make:
// whatever is kept of it was copied.
inline std::string safetensors_text(const std::vector<RawTensor>& tensors) {
  Json header = {{"__metadata__", {{"format", "pt"}, {"note", "kept"}}}};
  std::string data;
  for (const RawTensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", std::string(dtype_name(tensor.dtype))},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  const std::string text = header.dump(1) + "   ";
  const std::uint64_t size = text.size();
  std::string file(sizeof(size), '\0');
  std::memcpy(file.data(), &size, sizeof(size));
  return file + text + data;
}

}  // namespace dnd::testing
