// The README.md of a generated adapter folder.
#pragma once

#include <string>

#include "adapter/adapter_layout.h"
#include "adapter/provenance.h"
#include "base/dtype.h"

namespace dnd::adapter {

// A Hugging Face model card: YAML front matter, how to load it, where it came from.
std::string adapter_card(const AdapterLayout& layout, const Provenance& provenance, Dtype dtype);

}  // namespace dnd::adapter
