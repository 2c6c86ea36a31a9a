// A LoRA adapter in memory: named fp32 matrices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::adapter {

// `values` in C order; shape (rank, in) for A and (out, rank) for B, as PEFT stores them.
struct AdapterMatrix {
  std::string key;  // e.g. "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct Adapter {
  std::vector<AdapterMatrix> matrices;

  const AdapterMatrix* find(std::string_view key) const {
    for (const AdapterMatrix& matrix : matrices) {
      if (matrix.key == key) return &matrix;
    }
    return nullptr;
  }
};

// All values, matrix by matrix.
inline std::vector<float> flat_values(const Adapter& adapter) {
  std::vector<float> out;
  for (const AdapterMatrix& matrix : adapter.matrices) {
    out.insert(out.end(), matrix.values.begin(), matrix.values.end());
  }
  return out;
}

}  // namespace dnd::adapter
