#include "formats/gguf_model.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "formats/dequantize.h"
#include "formats/gguf_config.h"
#include "formats/gguf_names.h"

namespace dnd::formats {
namespace {

constexpr std::string_view kPartsKey = "split.count";
constexpr std::string_view kPartKey = "split.no";

std::string who_is(const GgufFile& file) { return "base model: " + file.path().string(); }

std::string module_of(const GgufWeight& weight) {
  return weight.name.substr(0, weight.name.rfind('.'));
}

}  // namespace

GgufModel::GgufModel(const WeightFiles& where) {
  for (const std::string& name : where.names) parts_.emplace_back(where.folder / name);
  who_ = who_is(metadata());
  check_parts(where);
  const std::string type = metadata().text("general.type").value_or("model");
  if (type != "model") {
    fail(ErrorKind::data, who_, ": is not a model but '", printable(type), "'");
  }
  gguf_name_ = metadata().text("general.architecture").value_or("");
  if (class_of_gguf(metadata(), gguf_name_).empty()) {
    fail(ErrorKind::data, who_, ": the names of GGUF architecture '", printable(gguf_name_),
         "' are not known; give the original model's folder, config.json or safetensors");
  }
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    for (const GgufTensor& tensor : parts_[part].tensors()) add_weight(part, tensor);
  }
}

void GgufModel::check_parts(const WeightFiles& where) const {
  const auto count = static_cast<std::int64_t>(parts_.size());
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::int64_t said = parts_[i].integer(kPartsKey).value_or(1);
    if (said != count) {
      fail(ErrorKind::data, who_is(parts_[i]), ": is one of ", said, " parts, but its name says ",
           count, " (renamed? expected e.g. model-00001-of-0000", std::min<std::int64_t>(said, 9),
           ".gguf)");
    }
    const std::int64_t number = parts_[i].integer(kPartKey).value_or(0);
    if (count > 1 && number != static_cast<std::int64_t>(i)) {
      fail(ErrorKind::data, who_is(parts_[i]), ": is part ", number + 1, " by its content, ", i + 1,
           " by its name");
    }
    for (const GgufTensor& tensor : parts_[i].tensors()) {
      const auto [first, is_new] = places.emplace(tensor.name, i);
      if (is_new) continue;
      fail(ErrorKind::data, who_, ": tensor '", printable(tensor.name), "' is in ",
           printable(where.names[first->second]), " and in ", printable(where.names[i]),
           " (parts of two models in one folder?)");
    }
  }
}

void GgufModel::add_weight(std::size_t part, const GgufTensor& tensor) {
  if (is_gguf_rope_tensor(tensor.name)) return;
  const auto name = huggingface_tensor_name(gguf_name_, tensor.name);
  if (!name && tensor.name.ends_with(".attn_qkv.weight")) {
    fail(ErrorKind::data, who_, ": '", printable(tensor.name),
         "' is q, k and v fused into one; convert the model without --fuse-qkv");
  }
  GgufWeight weight{name.value_or(tensor.name), &tensor, part};
  weight.turned = name && has_permuted_rows(gguf_name_, module_of(weight));
  const bool norm = name && name->ends_with("norm.weight");
  if (norm && has_shifted_norms(gguf_name_)) weight.shift = 1.0F;
  weights_.push_back(std::move(weight));
}

const GgufTensor* GgufModel::find_stored(std::string_view gguf_name) const {
  for (const GgufFile& part : parts_) {
    if (const GgufTensor* found = part.find_tensor(gguf_name)) return found;
  }
  return nullptr;
}

std::optional<AttentionHeads> GgufModel::heads() const {
  const auto one_number = [&](const std::string& key) -> std::optional<std::int64_t> {
    const GgufValue* value = metadata().find(key);
    if (value == nullptr || value->type == GgufType::array) return std::nullopt;
    return metadata().integer(key);
  };
  const auto attention = one_number(gguf_name_ + ".attention.head_count");
  if (!attention || *attention < 1) return std::nullopt;
  const std::string key = gguf_name_ + ".attention.head_count_kv";
  const auto key_value = metadata().find(key) == nullptr ? attention : one_number(key);
  if (!key_value || *key_value < 1) return std::nullopt;
  return AttentionHeads{*attention, *key_value};
}

std::string GgufModel::quantization() const {
  std::string first;
  for (const GgufWeight& weight : weights_) {
    if (weight.stored->type->dtype) continue;
    if (weight.stored->name.starts_with("blk.")) return std::string(weight.stored->type->name);
    if (first.empty()) first = weight.stored->type->name;
  }
  return first;
}

std::int64_t GgufModel::heads_of(const GgufWeight& weight) const {
  const auto known = heads();
  const std::int64_t rows = weight.stored->shape.empty() ? 0 : weight.stored->shape[0];
  const std::int64_t count = known ? permuted_heads(gguf_name_, module_of(weight), *known) : 0;
  if (count > 0 && rows > 0 && rows % count == 0 && rows / count % 2 == 0) return count;
  fail(ErrorKind::data, who_, ": '", printable(weight.stored->name), "': ", rows, " rows are not ",
       count, " heads of an even size, by which llama.cpp orders them");
}

bool GgufModel::can_read(const GgufWeight& weight) {
  const GgmlType& type = *weight.stored->type;
  const bool is_list = weight.stored->shape.size() < 2;  // whose rows are single numbers
  return can_dequantize(type) && (!weight.turned || !is_list || type.dtype);
}

void GgufModel::read_f32(const GgufWeight& weight, std::span<float> target) const {
  const GgufTensor& stored = *weight.stored;
  if (!can_read(weight)) {
    fail(ErrorKind::data, who_is(parts_[weight.part]), ": tensor '", printable(stored.name),
         "': type ", stored.type->name, ", expected one of ", dequantizable_types());
  }
  if (!weight.turned) {
    dequantize(*stored.type, stored.bytes, target);
    if (weight.shift == 0.0F) return;
    for (float& value : target) value -= weight.shift;
    return;
  }
  const std::int64_t rows = stored.shape[0];
  const std::int64_t head_rows = rows / heads_of(weight);
  const std::size_t row_values = target.size() / static_cast<std::size_t>(rows);
  const std::size_t row_bytes = stored.bytes.size() / static_cast<std::size_t>(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto place = static_cast<std::size_t>(huggingface_row(row, head_rows)) * row_values;
    dequantize(*stored.type,
               stored.bytes.subspan(static_cast<std::size_t>(row) * row_bytes, row_bytes),
               target.subspan(place, row_values));
  }
}

}  // namespace dnd::formats
