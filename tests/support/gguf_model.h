// Small GGUF models with given numbers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "formats/gguf.h"

namespace dnd::testing {

struct GgufNumbers {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

inline std::filesystem::path write_gguf(const std::filesystem::path& path,
                                        const formats::GgufEntries& entries,
                                        const std::vector<GgufNumbers>& tensors) {
  std::vector<formats::GgufTensorSpec> specs;
  for (const GgufNumbers& each : tensors)
    specs.push_back({each.name, formats::kGgmlF32, each.shape});
  formats::GgufWriter writer(path, entries, specs);
  for (const GgufNumbers& each : tensors) writer.write(std::as_bytes(std::span(each.values)));
  writer.finish();
  return path;
}

// Metadata of a model with 2 heads, 1 key/value head of 4 values.
inline formats::GgufEntries gguf_entries(const std::string& architecture) {
  return {{"general.architecture", formats::gguf_text(architecture)},
          {architecture + ".attention.head_count", formats::gguf_u32(2)},
          {architecture + ".attention.head_count_kv", formats::gguf_u32(1)}};
}

}  // namespace dnd::testing
