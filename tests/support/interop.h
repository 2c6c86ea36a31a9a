// The adapters of tests/data/interop: made by peft, and converted by llama.cpp.
#pragma once

#include <string>

#include "adapter/lora.h"
#include "support/golden.h"
#include "target/base_model.h"

namespace dnd::testing {

// Of both bases.
inline constexpr target::AttentionHeads kInteropHeads{.attention = 4, .key_value = 2};

inline std::filesystem::path interop_path(const std::string& base, const std::string& name) {
  return data_path("interop/" + base + "/" + name);
}

// peft's adapter for `base`, rank 4 and alpha 8, from its safetensors file.
inline adapter::LoraAdapter interop_adapter(const std::string& base) {
  const formats::SafetensorsFile file(interop_path(base, "adapter/adapter_model.safetensors"));
  const std::string prefix = "base_model.model.";
  const std::string suffix = ".lora_A.weight";
  adapter::LoraAdapter adapter;
  for (const formats::TensorView& a : file.tensors()) {
    if (!a.name.ends_with(suffix)) continue;
    const std::string key = a.name.substr(0, a.name.size() - suffix.size());
    const formats::TensorView& b = file.at(key + ".lora_B.weight");
    adapter.pairs.push_back({.module = key.substr(prefix.size()),
                             .key = key,
                             .rank = a.shape[0],
                             .in = a.shape[1],
                             .out = b.shape[0],
                             .a = file.read_f32(a.name),
                             .b = file.read_f32(b.name),
                             .scale = 8.0 / 4.0});
  }
  return adapter;
}

}  // namespace dnd::testing
