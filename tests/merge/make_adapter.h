// Random adapters, and checkpoints as text and bytes, for the tests of merging.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "adapter/lora.h"
#include "base/dtype.h"
#include "base/json.h"
#include "base/random.h"
#include "formats/safetensors.h"
#include "merge/adapter_argument.h"

namespace dnd::testing {

// Uniform in [-size, size).
inline std::vector<float> random_values(std::size_t count, std::uint64_t seed, float size = 1.0F) {
  SplitMix64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = (2.0F * random.unit() - 1.0F) * size;
  return values;
}

inline adapter::LoraPair random_pair(const std::string& module, std::int64_t out, std::int64_t in,
                                     std::int64_t rank, std::uint64_t seed, double scale = 2.0) {
  adapter::LoraPair pair;
  pair.module = module;
  pair.key = "base_model.model." + module;
  pair.rank = rank;
  pair.in = in;
  pair.out = out;
  pair.a = random_values(static_cast<std::size_t>(rank * in), seed, 0.2F);
  pair.b = random_values(static_cast<std::size_t>(out * rank), seed + 1, 0.2F);
  pair.scale = scale;
  return pair;
}

inline merge::WeightedAdapter weighted(const std::string& name, double weight,
                                       std::vector<adapter::LoraPair> pairs) {
  merge::WeightedAdapter out{name, weight, {}};
  out.adapter.pairs = std::move(pairs);
  return out;
}

// (out, in): factor * B A in double, with plain loops.
inline std::vector<double> dense(const adapter::LoraPair& pair, double factor) {
  std::vector<double> product(static_cast<std::size_t>(pair.out * pair.in));
  for (std::int64_t o = 0; o < pair.out; ++o) {
    for (std::int64_t i = 0; i < pair.in; ++i) {
      double sum = 0.0;
      for (std::int64_t r = 0; r < pair.rank; ++r) {
        sum += static_cast<double>(pair.b[static_cast<std::size_t>(o * pair.rank + r)]) *
               static_cast<double>(pair.a[static_cast<std::size_t>(r * pair.in + i)]);
      }
      product[static_cast<std::size_t>(o * pair.in + i)] = factor * sum;
    }
  }
  return product;
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
