#include "merge/stored_copies.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "formats/safetensors.h"
#include "target/base_model.h"

namespace dnd::merge {
namespace {

using adapter::StoredCopy;

// The values of the base's tensor; empty where it has none of that name.
std::vector<float> base_values(const BaseWeights& base, const std::string& tensor) {
  const std::size_t dot = tensor.rfind('.');
  for (const std::string& module : target::module_aliases(tensor.substr(0, dot))) {
    const std::string name = module + tensor.substr(dot);
    for (const BaseFile& file : base.files) {
      const bool here = std::any_of(file.weights.begin(), file.weights.end(),
                                    [&](const Weight& weight) { return weight.name == name; });
      if (here) return formats::SafetensorsFile(file.path).read_f32(name);
    }
  }
  return {};
}

std::vector<float> rounded(std::vector<float> values, Dtype dtype) {
  if (dtype != Dtype::f16 && dtype != Dtype::bf16) return values;
  std::vector<std::byte> bytes(values.size() * sizeof(std::uint16_t));
  from_f32(dtype, values, bytes);
  to_f32(dtype, bytes, values);
  return values;
}

}  // namespace

void check_stored_copies(const BaseWeights& base, std::span<const WeightedAdapter> adapters) {
  if (base.gguf != nullptr) return;
  for (const WeightedAdapter& each : adapters) {
    for (const StoredCopy& copy : each.adapter.copies) {
      const std::vector<float> own = base_values(base, copy.tensor);
      if (own.empty() || rounded(own, copy.dtype) == copy.read()) continue;
      fail(ErrorKind::data, each.name, ": tensor '", printable(copy.key), "' is another '",
           printable(copy.tensor), "' than the base's in ", base.path.string(),
           ": PEFT puts it in its place, a merge does not (an adapter of another base, or a head "
           "that was trained too)");
    }
  }
}

}  // namespace dnd::merge
