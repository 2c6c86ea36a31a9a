#include <algorithm>
#include <set>
#include <tuple>

#include "base/checked_math.h"
#include "base/json.h"
#include "base/strings.h"
#include "formats/safetensors.h"

namespace dnd::formats {

std::uint64_t TensorSpec::byte_size() const {
  const auto elements = checked_elements(shape);
  const auto bits = elements ? checked_mul(*elements, dtype_bits(dtype)) : std::nullopt;
  if (!bits || *bits % 8 != 0) {
    fail(ErrorKind::internal, "safetensors: tensor '", name, "': shape ", shape_text(shape), " ",
         dtype_name(dtype), " has no whole number of bytes");
  }
  return *bits / 8;
}

void sort_for_safetensors(std::vector<TensorSpec>& specs) {
  std::sort(specs.begin(), specs.end(), [](const TensorSpec& a, const TensorSpec& b) {
    return std::tie(b.dtype, a.name) < std::tie(a.dtype, b.name);
  });
}

std::string SafetensorsWriter::header(const std::vector<TensorSpec>& specs,
                                      const Metadata& metadata) {
  // Put together by hand: a JSON object with many members is slow to fill.
  std::string text = "{";
  const auto member = [&](const std::string& name, const Json& value) {
    text += (text.size() > 1 ? "," : "") + Json(name).dump() + ":" + value.dump();
  };
  if (!metadata.empty()) member("__metadata__", metadata);
  std::set<std::string_view> names = {"__metadata__"};
  std::uint64_t offset = 0;
  for (const TensorSpec& spec : specs) {
    if (!names.insert(spec.name).second) {
      fail(ErrorKind::internal, "safetensors: tensor name '", spec.name, "' is taken");
    }
    const std::uint64_t end = offset + spec.byte_size();
    member(spec.name, {{"dtype", dtype_name(spec.dtype)},
                       {"shape", spec.shape},
                       {"data_offsets", {offset, end}}});
    offset = end;
  }
  text += "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxSafetensorsHeader) {
    fail(ErrorKind::data, "safetensors: the header would have ", text.size(), " bytes, at most ",
         kMaxSafetensorsHeader, " are allowed");
  }
  return text;
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<TensorSpec> specs, const Metadata& metadata)
    : specs_(std::move(specs)), header_(header(specs_, metadata)), file_(path) {
  for (const TensorSpec& spec : specs_) expected_ += spec.byte_size();
}

void SafetensorsWriter::observe(Observer observer) { observer_ = std::move(observer); }

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (!started_) {
    started_ = true;
    const std::uint64_t size = header_.size();
    const auto prefix = std::as_bytes(std::span(&size, 1));
    const auto text = std::as_bytes(std::span(header_.data(), header_.size()));
    for (const auto& part : {prefix, text}) {
      file_.write(part);
      if (observer_) observer_(part);
    }
  }
  written_ += bytes.size();
  file_.write(bytes);
  if (observer_) observer_(bytes);
}

void SafetensorsWriter::finish() {
  write({});
  if (written_ != expected_) {
    fail(ErrorKind::internal, "safetensors: ", written_, " bytes written, ", expected_,
         " announced");
  }
  file_.finish();
}

}  // namespace dnd::formats
