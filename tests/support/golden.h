// Golden data: made by the official code and reference tools (tests/data/README.md).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "formats/safetensors.h"

namespace dnd::testing {

inline std::filesystem::path data_path(const std::string& relative) {
  return std::filesystem::path(DND_TEST_DATA) / relative;
}

// |a - b| / |b| over all elements, in double.
template <typename A, typename B>
double relative_rms(std::span<const A> a, std::span<const B> b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double difference = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double delta = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    difference += delta * delta;
    norm += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(difference / norm);
}

// A tensor of 8-byte elements (I64 or F64), copied.
template <typename T>
std::vector<T> read_wide(const formats::SafetensorsFile& file, const std::string& name) {
  const formats::TensorView& view = file.at(name);
  std::vector<T> values(view.bytes.size() / sizeof(T));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

}  // namespace dnd::testing
