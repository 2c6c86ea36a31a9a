#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <optional>

#include "base/checked_math.h"
#include "base/json.h"
#include "base/lfs_pointer.h"
#include "base/strings.h"
#include "formats/safetensors.h"

namespace dnd::formats {
namespace {

constexpr std::size_t kPrefixBytes = 8;

struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

struct Entry {
  TensorView view;
  Range range{};
};

// One header with the name of its file for messages.
class HeaderReader {
 public:
  HeaderReader(std::span<const std::byte> file, std::string who)
      : file_(file), who_("safetensors: " + std::move(who)) {}

  SafetensorsHeader read() {
    const std::string_view text = header_text();
    parse_entries(text);
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.range.begin, a.range.end) < std::pair(b.range.begin, b.range.end);
    });
    check_ranges(kPrefixBytes + text.size());
    for (Entry& entry : entries_) header_.tensors.push_back(std::move(entry.view));
    return std::move(header_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::data, who_, ": ", parts...);
  }

  std::string_view header_text() const {
    refuse_lfs_pointer(file_, who_);
    if (file_.size() < kPrefixBytes) {
      refuse("header too small: the file has ", file_.size(),
             " bytes, the size field alone needs 8", " (file empty or truncated?)");
    }
    std::uint64_t size = 0;
    std::memcpy(&size, file_.data(), kPrefixBytes);
    if (size > kMaxSafetensorsHeader) {
      refuse("header too large: ", size, " bytes announced, at most ", kMaxSafetensorsHeader,
             " allowed (not a safetensors file?)");
    }
    if (size > file_.size() - kPrefixBytes) {
      refuse("invalid header length: ", size, " bytes announced, ", file_.size() - kPrefixBytes,
             " left in the file (file truncated?)");
    }
    const std::string_view text(reinterpret_cast<const char*>(file_.data()) + kPrefixBytes, size);
    if (!is_valid_utf8(text)) refuse("invalid header: not UTF-8");
    return text;
  }

  void parse_entries(std::string_view text) {
    const Json json = parse_json(text, who_ + ": invalid header");
    if (!json.is_object()) refuse("invalid header: expected an object, got ", json.type_name());
    for (const auto& [name, value] : json.items()) {
      if (name == "__metadata__") {
        read_metadata(value);
      } else {
        entries_.push_back(read_entry(name, value));
      }
    }
  }

  void read_metadata(const Json& value) {
    if (value.is_null()) return;
    if (!value.is_object()) refuse("__metadata__: expected an object, got ", value.type_name());
    for (const auto& [key, item] : value.items()) {
      if (!item.is_string()) {
        refuse("__metadata__: '", printable(key), "': expected a string, got ", item.type_name());
      }
      header_.metadata[key] = item.get<std::string>();
    }
  }

  Entry read_entry(const std::string& name, const Json& value) const {
    const std::string where = cat(who_, ": tensor '", printable(name), "'");
    JsonObject object(value, where);
    Entry entry;
    entry.view.name = name;
    const std::string dtype = object.text("dtype");
    const auto known = dtype_from_name(dtype);
    if (!known) fail(ErrorKind::data, where, ": unknown dtype '", printable(dtype), "'");
    entry.view.dtype = *known;
    entry.view.shape = object.integers("shape", 0, INT64_MAX);
    const auto offsets = object.integers("data_offsets", 0, INT64_MAX);
    if (offsets.size() != 2) {
      fail(ErrorKind::data, where, ": data_offsets has ", offsets.size(), " numbers, expected 2");
    }
    entry.range = {static_cast<std::uint64_t>(offsets[0]), static_cast<std::uint64_t>(offsets[1])};
    return entry;
  }

  // Ranges must follow each other without holes and fill the file.
  void check_ranges(std::uint64_t data_begin) {
    const std::uint64_t data_size = file_.size() - data_begin;
    std::uint64_t position = 0;
    for (Entry& entry : entries_) {
      const auto [begin, end] = entry.range;
      const std::string where =
          cat("tensor '", printable(entry.view.name), "': data_offsets [", begin, ", ", end, ")");
      if (begin != position || end < begin) {
        refuse(where, ": invalid offset: expected to begin at ", position,
               end < begin        ? " and not to end before it begins"
               : begin < position ? " (overlaps the tensor before it)"
                                  : " (leaves a hole)");
      }
      check_size(entry, where);
      if (end > data_size) {
        refuse("incomplete buffer: ", where, " end behind the file's ", data_size,
               " data bytes (file truncated?)");
      }
      entry.view.bytes = file_.subspan(data_begin + begin, end - begin);
      position = end;
    }
    if (position != data_size) {
      refuse("incomplete buffer: tensors cover ", position, " of ", data_size,
             " data bytes (left-over bytes are not allowed)");
    }
  }

  void check_size(const Entry& entry, const std::string& where) const {
    const auto elements = checked_elements(entry.view.shape);
    const auto bits =
        elements ? checked_mul(*elements, dtype_bits(entry.view.dtype)) : std::nullopt;
    if (!bits) refuse(where, ": shape ", shape_text(entry.view.shape), " overflows");
    if (*bits % 8 != 0) {
      refuse(where, ": misaligned: shape ", shape_text(entry.view.shape), " ",
             dtype_name(entry.view.dtype), " does not fill whole bytes");
    }
    const std::uint64_t held = entry.range.end - entry.range.begin;
    if (held != *bits / 8) {
      refuse(where, " hold ", held, " bytes, shape ", shape_text(entry.view.shape), " ",
             dtype_name(entry.view.dtype), " needs ", *bits / 8,
             held < *bits / 8 ? " (file truncated?)" : "");
    }
  }

  std::span<const std::byte> file_;
  std::string who_;
  SafetensorsHeader header_;
  std::vector<Entry> entries_;
};

}  // namespace

SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& who) {
  return HeaderReader(file, who).read();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), file_(path), header_(parse_safetensors(file_.bytes(), path.string())) {
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) index_[header_.tensors[i].name] = i;
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &header_.tensors[found->second];
}

const TensorView& SafetensorsFile::at(std::string_view name) const {
  if (const TensorView* tensor = find(name)) return *tensor;
  std::vector<std::string> names;
  for (const TensorView& tensor : tensors()) names.push_back(tensor.name);
  const std::string near = nearest_word(name, names);
  fail(ErrorKind::data, "safetensors: ", path_.string(), ": no tensor '", printable(name), "'",
       near.empty() ? "" : cat(" (there is '", printable(near), "')"));
}

std::vector<float> SafetensorsFile::read_f32(std::string_view name, const Shape* expected) const {
  const TensorView& tensor = at(name);
  const std::string where =
      cat("safetensors: ", path_.string(), ": tensor '", printable(name), "'");
  if (expected != nullptr && tensor.shape != *expected) {
    fail(ErrorKind::data, where, ": shape ", shape_text(tensor.shape), ", expected ",
         shape_text(*expected));
  }
  if (!is_float_convertible(tensor.dtype)) {
    fail(ErrorKind::data, "safetensors: ", path_.string(), ": ", refused_type(tensor.dtype, name));
  }
  std::vector<float> values(tensor.bytes.size() * 8 / dtype_bits(tensor.dtype));
  to_f32(tensor.dtype, tensor.bytes, values);
  return values;
}

}  // namespace dnd::formats
