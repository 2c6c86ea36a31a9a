#include "adapter/peft.h"

#include <cmath>
#include <map>

#include "adapter/model_card.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "formats/safetensors.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

std::vector<formats::TensorSpec> tensor_specs(const Adapter& adapter, Dtype dtype) {
  std::vector<formats::TensorSpec> specs;
  for (const AdapterMatrix& matrix : adapter.matrices) {
    specs.push_back({matrix.key, dtype, matrix.shape});
  }
  formats::sort_for_safetensors(specs);
  return specs;
}

std::vector<std::byte> convert(const AdapterMatrix& matrix, Dtype dtype) {
  if (const auto i = first_not_finite(dtype, matrix.values)) {
    const float value = matrix.values[*i];
    fail(ErrorKind::data, "adapter: tensor '", printable(matrix.key), "': value ", value,
         " at position ", *i, " is not finite as ", dtype_name(dtype),
         std::isfinite(value) ? " (choose another --adapter-dtype)"
                              : " (generator damaged or untrained?)");
  }
  std::vector<std::byte> bytes(matrix.values.size() * dtype_bits(dtype) / 8);
  from_f32(dtype, matrix.values, bytes);
  return bytes;
}

PeftWriteResult write_weights(const fs::path& path, const Adapter& adapter, Dtype dtype,
                              const Provenance& provenance) {
  std::map<std::string, const AdapterMatrix*> by_key;
  for (const AdapterMatrix& matrix : adapter.matrices) by_key[matrix.key] = &matrix;
  formats::SafetensorsWriter writer(path, tensor_specs(adapter, dtype),
                                    provenance_metadata(provenance));
  Sha256 hash;
  PeftWriteResult result;
  writer.observe([&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    result.bytes += bytes.size();
  });
  for (const formats::TensorSpec& spec : writer.specs()) {
    writer.write(convert(*by_key.at(spec.name), dtype));
  }
  writer.finish();
  result.sha256 = hash.hex();
  return result;
}

}  // namespace

void check_replaceable(const fs::path& directory) {
  dnd::check_replaceable(directory, kAdapterConfigName, "an adapter folder");
}

std::string peft_config_text(const AdapterLayout& layout) {
  // Keys in the order PEFT writes them (sorted), all known to PEFT 0.13.
  Json config = Json::object();
  config["base_model_name_or_path"] =
      layout.base_model.empty() ? Json(nullptr) : Json(layout.base_model);
  config["bias"] = "none";
  config["fan_in_fan_out"] = false;
  config["inference_mode"] = true;
  config["init_lora_weights"] = true;
  config["lora_alpha"] = layout.alpha;
  config["lora_dropout"] = 0.0;
  config["modules_to_save"] = nullptr;
  config["peft_type"] = "LORA";
  config["r"] = layout.rank;
  config["target_modules"] = layout.target_modules();
  config["task_type"] = "CAUSAL_LM";
  config["use_dora"] = false;
  config["use_rslora"] = false;
  return json_pretty(config);
}

PeftWriteResult write_peft_folder(const fs::path& directory, const AdapterLayout& layout,
                                  const Adapter& adapter, Dtype dtype, const Provenance& provenance,
                                  OnExisting on_existing) {
  if (on_existing == OnExisting::replace) check_replaceable(directory);
  Staged staged(directory, Staged::Kind::directory, on_existing);
  PeftWriteResult result =
      write_weights(staged.path() / kAdapterWeightsName, adapter, dtype, provenance);
  write_new_file(staged.path() / kAdapterConfigName, peft_config_text(layout));
  write_new_file(staged.path() / kCardName, adapter_card(layout, provenance, dtype));
  staged.commit();
  return result;
}

Adapter read_adapter_weights(const fs::path& path) {
  fs::path file = path;
  if (fs::is_directory(path)) {
    file = path / kAdapterWeightsName;
    if (!fs::exists(file) && fs::exists(path / "adapter_model.bin")) {
      fail(ErrorKind::data, path.string(), ": holds adapter_model.bin, a pickle; only ",
           kAdapterWeightsName, " is read");
    }
  }
  const formats::SafetensorsFile source(file);
  Adapter adapter;
  for (const formats::TensorView& tensor : source.tensors()) {
    adapter.matrices.push_back({tensor.name, tensor.shape, source.read_f32(tensor.name)});
  }
  return adapter;
}

}  // namespace dnd::adapter
