// The README.md of an adapter folder.
#pragma once

#include <string>

#include "adapter/lora.h"
#include "adapter/uniform.h"
#include "base/dtype.h"

namespace dnd::adapter {

// A Hugging Face model card: YAML front matter, how to load it, where it came from (the adapter's
// "dnd.*" metadata). `uniform` and `dtype` are those of the file beside it.
std::string adapter_card(const LoraAdapter& adapter, const Uniform& uniform, Dtype dtype);

}  // namespace dnd::adapter
