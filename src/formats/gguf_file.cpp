#include <limits>

#include "base/strings.h"
#include "formats/dequantize.h"
#include "formats/gguf.h"

namespace dnd::formats {

GgufFile::GgufFile(const std::filesystem::path& path)
    : path_(path), file_(path), content_(parse_gguf(file_.bytes(), path.string())) {
  for (std::size_t i = 0; i < entries().size(); ++i) keys_[entries()[i].first] = i;
  for (std::size_t i = 0; i < tensors().size(); ++i) names_[tensors()[i].name] = i;
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : &entries()[found->second].second;
}

void GgufFile::refuse_type(std::string_view key, const GgufValue& value,
                           std::string_view expected) const {
  fail(ErrorKind::data, "gguf: ", path_.string(), ": ", printable(key), " is ",
       gguf_type_name(value.type), ", expected ", expected);
}

std::optional<std::string> GgufFile::text(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value->value)) return *text;
  refuse_type(key, *value, "a string");
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(&value->value)) return *number;
  const auto* number = std::get_if<std::uint64_t>(&value->value);
  if (number == nullptr) refuse_type(key, *value, "an integer");
  if (*number > std::numeric_limits<std::int64_t>::max())
    refuse_type(key, *value, "less than 2^63");
  return static_cast<std::int64_t>(*number);
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(&value->value)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value->value)) {
    return static_cast<double>(*number);
  }
  if (const auto* number = std::get_if<std::uint64_t>(&value->value)) {
    return static_cast<double>(*number);
  }
  refuse_type(key, *value, "a number");
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &tensors()[found->second];
}

std::vector<float> GgufFile::read_f32(const GgufTensor& tensor) const {
  const GgmlType& type = *tensor.type;
  if (!can_dequantize(type)) {
    fail(ErrorKind::data, "gguf: ", path_.string(), ": tensor '", printable(tensor.name),
         "': type ", type.name, ", expected ", dequantizable_types());
  }
  std::vector<float> values(tensor.bytes.size() / type.block_bytes * type.block_size);
  dequantize(type, tensor.bytes, values);
  return values;
}

}  // namespace dnd::formats
