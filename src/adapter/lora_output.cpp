#include "adapter/lora_output.h"

#include <cmath>
#include <map>

#include "adapter/content_hash.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace {

std::vector<std::byte> convert(const OutputTensor& tensor, Dtype dtype) {
  const std::vector<float> values = tensor.values();
  if (const auto i = first_not_finite(dtype, values)) {
    const float value = values[*i];
    fail(ErrorKind::data, "adapter: tensor '", printable(tensor.key), "': value ", value,
         " at position ", *i, " is not finite as ", dtype_name(dtype),
         std::isfinite(value) ? " (choose another --adapter-dtype)"
                              : " (generator damaged or untrained?)");
  }
  std::vector<std::byte> bytes(values.size() * dtype_bits(dtype) / 8);
  from_f32(dtype, values, bytes);
  return bytes;
}

// In the order of the file.
std::string content_sha256(const std::vector<formats::TensorSpec>& specs,
                           const std::map<std::string, const OutputTensor*>& by_key) {
  ContentHash hash;
  for (const formats::TensorSpec& spec : specs) {
    hash.add(spec.name, dtype_name(spec.dtype), spec.shape,
             convert(*by_key.at(spec.name), spec.dtype));
  }
  return hash.hex();
}

}  // namespace

WrittenFile write_tensors(const std::filesystem::path& path,
                          const std::vector<OutputTensor>& tensors, Dtype dtype,
                          const formats::Metadata& metadata) {
  std::vector<formats::TensorSpec> specs;
  std::map<std::string, const OutputTensor*> by_key;
  for (const OutputTensor& tensor : tensors) {
    specs.push_back({tensor.key, tensor.dtype.value_or(dtype), tensor.shape});
    by_key[tensor.key] = &tensor;
  }
  formats::sort_for_safetensors(specs);
  formats::Metadata entries = metadata;
  if (has_content_hash(metadata)) entries[kContentKey] = content_sha256(specs, by_key);
  formats::SafetensorsWriter writer(path, specs, entries);
  Sha256 hash;
  WrittenFile written;
  writer.observe([&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    written.bytes += bytes.size();
  });
  for (const formats::TensorSpec& spec : writer.specs()) {
    writer.write(convert(*by_key.at(spec.name), spec.dtype));
  }
  writer.finish();
  written.sha256 = hash.hex();
  return written;
}

WrittenFile write_tensor_file(const std::filesystem::path& path, const FileKind& kind,
                              OnExisting on_existing, const std::vector<OutputTensor>& tensors,
                              Dtype dtype, const formats::Metadata& metadata) {
  Staged staged(path, kind, on_existing);
  WrittenFile written = write_tensors(staged.path(), tensors, dtype, metadata);
  staged.commit();
  return written;
}

formats::Metadata output_metadata(const LoraAdapter& adapter, const std::string& format) {
  formats::Metadata metadata = {{"format", format}};
  for (const auto& [key, value] : adapter.metadata) {
    if (key.starts_with("dnd.") && key != kContentKey) metadata[key] = value;
  }
  return metadata;
}

void refuse_dora(const LoraAdapter& adapter, const std::string& target) {
  for (const LoraPair& pair : adapter.pairs) {
    if (pair.magnitude.empty()) continue;
    fail(ErrorKind::data, "adapter: module '", printable(pair.module),
         "' has a DoRA magnitude, which ", target, " cannot hold (only --to peft keeps it)");
  }
}

}  // namespace dnd::adapter
