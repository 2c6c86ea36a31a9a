#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "base/checked_math.h"
#include "base/strings.h"
#include "formats/gguf.h"

namespace dnd::formats {
namespace {

constexpr std::uint32_t kVersion = 3;

std::uint64_t padded(std::uint64_t size) {
  return (size + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

template <typename T>
void append(std::string& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

void append_text(std::string& out, std::string_view text) {
  append(out, std::uint64_t{text.size()});
  out += text;
}

void append_array(std::string& out, const GgufArray& array) {
  append(out, array.element);
  append(out, array.count);
  out.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
}

void append_value(std::string& out, const GgufValue& value) {
  const auto whole = [&]() { return std::get<std::uint64_t>(value.value); };
  const auto with_sign = [&]() { return std::get<std::int64_t>(value.value); };
  switch (value.type) {
    case GgufType::u8:
      return append(out, static_cast<std::uint8_t>(whole()));
    case GgufType::i8:
      return append(out, static_cast<std::int8_t>(with_sign()));
    case GgufType::u16:
      return append(out, static_cast<std::uint16_t>(whole()));
    case GgufType::i16:
      return append(out, static_cast<std::int16_t>(with_sign()));
    case GgufType::i32:
      return append(out, static_cast<std::int32_t>(with_sign()));
    case GgufType::u32:
      return append(out, static_cast<std::uint32_t>(whole()));
    case GgufType::f32:
      return append(out, static_cast<float>(std::get<double>(value.value)));
    case GgufType::boolean:
      return append(out, std::get<bool>(value.value));
    case GgufType::string:
      return append_text(out, std::get<std::string>(value.value));
    case GgufType::array:
      return append_array(out, std::get<GgufArray>(value.value));
    case GgufType::u64:
      return append(out, whole());
    case GgufType::i64:
      return append(out, with_sign());
    case GgufType::f64:
      return append(out, std::get<double>(value.value));
  }
}

void append_entries(std::string& out, const GgufEntries& entries) {
  std::set<std::string_view> keys = {"", "general.alignment"};
  for (const auto& [key, value] : entries) {
    if (!keys.insert(key).second) {
      fail(ErrorKind::internal, "gguf: key '", key, "' is taken or not allowed");
    }
    append_text(out, key);
    append(out, value.type);
    append_value(out, value);
  }
}

void append_description(std::string& out, const GgufTensorSpec& spec, std::uint64_t offset) {
  append_text(out, spec.name);
  append(out, static_cast<std::uint32_t>(spec.shape.size()));
  for (std::size_t i = spec.shape.size(); i-- > 0;) append(out, spec.shape[i]);
  append(out, spec.type);
  append(out, offset);
}

}  // namespace

GgufValue gguf_text(std::string text) { return {GgufType::string, std::move(text)}; }
GgufValue gguf_u32(std::uint32_t value) { return {GgufType::u32, std::uint64_t{value}}; }
GgufValue gguf_f32(float value) { return {GgufType::f32, double{value}}; }

std::uint64_t GgufTensorSpec::byte_size() const {
  const GgmlType* known = find_ggml_type(type);
  const auto elements = checked_elements(shape);
  const bool fits =
      known != nullptr && elements && shape.size() <= kMaxGgufDimensions &&
      (shape.empty() ? 1U : static_cast<std::uint64_t>(shape.back())) % known->block_size == 0;
  const auto bytes =
      fits ? checked_mul(*elements / known->block_size, known->block_bytes) : std::nullopt;
  if (!bytes) {
    fail(ErrorKind::internal, "gguf: tensor '", name, "': shape ", shape_text(shape), " of type ",
         type, " cannot be written");
  }
  return *bytes;
}

std::string GgufWriter::header(const GgufEntries& entries,
                               const std::vector<GgufTensorSpec>& specs) {
  std::string out = "GGUF";
  append(out, kVersion);
  append(out, std::uint64_t{specs.size()});
  append(out, std::uint64_t{entries.size()});
  append_entries(out, entries);
  std::set<std::string_view> names;
  std::uint64_t offset = 0;
  for (const GgufTensorSpec& spec : specs) {
    if (spec.name.size() > kMaxGgufName || !names.insert(spec.name).second) {
      fail(ErrorKind::internal, "gguf: tensor name '", spec.name, "' is taken or too long");
    }
    append_description(out, spec, offset);
    offset += padded(spec.byte_size());
  }
  out.resize(padded(out.size()), '\0');
  return out;
}

GgufWriter::GgufWriter(const std::filesystem::path& path, const GgufEntries& entries,
                       std::vector<GgufTensorSpec> specs)
    : specs_(std::move(specs)), header_(header(entries, specs_)), file_(path) {}

void GgufWriter::observe(Observer observer) { observer_ = std::move(observer); }

void GgufWriter::put(std::span<const std::byte> bytes) {
  file_.write(bytes);
  if (observer_) observer_(bytes);
}

void GgufWriter::start() {
  if (started_) return;
  started_ = true;
  put(std::as_bytes(std::span(header_.data(), header_.size())));
  end_tensors();
}

// Pads the current tensor if it is whole and goes on to the next one that has bytes.
void GgufWriter::end_tensors() {
  static constexpr std::array<std::byte, kGgufAlignment> kZeros{};
  while (current_ < specs_.size() && written_ == specs_[current_].byte_size()) {
    put(std::span(kZeros).first(padded(written_) - written_));
    written_ = 0;
    ++current_;
  }
}

void GgufWriter::write(std::span<const std::byte> bytes) {
  start();
  while (!bytes.empty()) {
    if (current_ == specs_.size()) {
      fail(ErrorKind::internal, "gguf: ", bytes.size(), " bytes more than announced");
    }
    const std::uint64_t wanted = specs_[current_].byte_size() - written_;
    const auto piece = bytes.first(std::min<std::uint64_t>(wanted, bytes.size()));
    put(piece);
    written_ += piece.size();
    bytes = bytes.subspan(piece.size());
    end_tensors();
  }
}

void GgufWriter::finish() {
  start();
  if (current_ != specs_.size()) {
    fail(ErrorKind::internal, "gguf: tensor '", specs_[current_].name, "': ", written_, " of ",
         specs_[current_].byte_size(), " bytes written");
  }
  file_.finish();
}

}  // namespace dnd::formats
