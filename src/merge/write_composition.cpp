#include <map>
#include <span>

#include "adapter/adapter_layout.h"
#include "adapter/peft.h"
#include "base/json.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "merge/compose.h"

namespace dnd::merge {
namespace {

using adapter::LoraPair;

struct Matrix {
  const std::vector<float>* values = nullptr;
  formats::Shape shape;
};

std::map<std::string, Matrix> matrices(const Composition& composition) {
  std::map<std::string, Matrix> out;
  for (const LoraPair& pair : composition.adapter.pairs) {
    out[pair.key + ".lora_A.weight"] = {&pair.a, {pair.rank, pair.in}};
    out[pair.key + ".lora_B.weight"] = {&pair.b, {pair.out, pair.rank}};
  }
  return out;
}

void write_weights(const std::filesystem::path& path, const Composition& composition, Dtype dtype) {
  const std::map<std::string, Matrix> named = matrices(composition);
  std::vector<formats::TensorSpec> specs;
  for (const auto& [name, matrix] : named) specs.push_back({name, dtype, matrix.shape});
  formats::sort_for_safetensors(specs);
  formats::SafetensorsWriter writer(path, specs, composition.adapter.metadata);
  for (const formats::TensorSpec& spec : writer.specs()) {
    const std::vector<float>& values = *named.at(spec.name).values;
    if (const auto i = first_not_finite(dtype, values)) {
      fail(ErrorKind::data, "compose: tensor '", printable(spec.name), "': value ", values[*i],
           " is not finite as ", dtype_name(dtype), " (choose another --adapter-dtype?)");
    }
    std::vector<std::byte> bytes(spec.byte_size());
    from_f32(dtype, values, bytes);
    writer.write(bytes);
  }
  writer.finish();
}

// What adapter_config.json needs: one block per module, named as it is.
adapter::AdapterLayout layout_of(const Composition& composition) {
  adapter::AdapterLayout layout;
  layout.base_model = composition.adapter.base_model;
  layout.rank = composition.rank;
  layout.alpha = composition.rank;  // scale 1
  for (const LoraPair& pair : composition.adapter.pairs) {
    layout.blocks.push_back({"", 1, {{pair.module, pair.in, pair.out, 1, 1}}});
  }
  return layout;
}

std::string card(const Composition& composition) {
  std::string text = "---\nlibrary_name: peft\n";
  if (!composition.adapter.base_model.empty()) {
    text += "base_model: " + json_line(Json(composition.adapter.base_model)) + "\n";
  }
  text +=
      "tags:\n- lora\n---\n\n# Composed LoRA adapter\n\nThe weighted sum of other adapters.\n\n";
  text += cat("| | |\n|---|---|\n| rank | ", composition.rank, " |\n");
  for (const auto& [key, value] : composition.adapter.metadata) {
    if (key != "format") text += cat("| ", key, " | ", printable(value), " |\n");
  }
  if (!composition.losses.empty()) {
    text += cat("| left out (relative Frobenius norm) | ", composition.lost, " |\n");
  }
  return text;
}

}  // namespace

void write_composition(const std::filesystem::path& folder, const Composition& composition,
                       Dtype dtype, OnExisting on_existing) {
  if (on_existing == OnExisting::replace) adapter::check_replaceable(folder);
  Staged staged(folder, Staged::Kind::directory, on_existing);
  write_weights(staged.path() / adapter::kAdapterWeightsName, composition, dtype);
  write_new_file(staged.path() / adapter::kAdapterConfigName,
                 adapter::peft_config_text(layout_of(composition)));
  write_new_file(staged.path() / adapter::kCardName, card(composition));
  staged.commit();
}

}  // namespace dnd::merge
