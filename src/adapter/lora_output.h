// Writing the matrices of an adapter to a safetensors file: what all formats of that family share.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "adapter/written_file.h"
#include "base/dtype.h"
#include "base/staged.h"
#include "formats/safetensors.h"

namespace dnd::adapter {

// `values` gives the fp32 values in C order when they are due.
struct OutputTensor {
  std::string key;
  formats::Shape shape;
  std::function<std::vector<float>()> values;
  std::optional<Dtype> dtype = std::nullopt;  // where it is not that of the others
};

// Makes the file `path`, which must not exist, in the reference writer's order. `dtype` is f32, f16 or
// bf16. Metadata that tells where the adapter came from gets a content hash (adapter/content_hash.h). Throws
// Error(data) for values that it cannot hold (infinite, NaN).
WrittenFile write_tensors(const std::filesystem::path& path,
                          const std::vector<OutputTensor>& tensors, Dtype dtype,
                          const formats::Metadata& metadata);

// The same as an output: the file `path`, at once; what is replaced must be of `kind`. Throws as Staged
// does, too.
WrittenFile write_tensor_file(const std::filesystem::path& path, const FileKind& kind,
                              OnExisting on_existing, const std::vector<OutputTensor>& tensors,
                              Dtype dtype, const formats::Metadata& metadata);

// The adapter's "dnd.*" entries, but for a content hash, and "format".
formats::Metadata output_metadata(const LoraAdapter& adapter, const std::string& format);

// Throws Error(data): `target` ("MLX", ...) cannot hold DoRA magnitudes.
void refuse_dora(const LoraAdapter& adapter, const std::string& target);

}  // namespace dnd::adapter
