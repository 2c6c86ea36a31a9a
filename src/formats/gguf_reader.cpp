#include <bit>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "base/checked_math.h"
#include "base/lfs_pointer.h"
#include "base/strings.h"
#include "formats/gguf.h"

namespace dnd::formats {
namespace {

// Fewest bytes of an entry (length, one letter, type, value) and of a tensor's description (length,
// number of dimensions, type, offset).
constexpr std::uint64_t kLeastEntry = 8 + 1 + 4 + 1;
constexpr std::uint64_t kLeastTensor = 8 + 4 + 4 + 8;

// Reads a part of a file from front to back; every length is checked against what is left.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string who) : bytes_(bytes), who_(std::move(who)) {}

  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::data, who_, ": ", parts...);
  }

  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return bytes_.size() - position_; }

  std::span<const std::byte> take(std::uint64_t size, const std::string& what) {
    if (size > left()) {
      refuse(what, " needs ", size, " bytes at position ", position_, ", ", left(),
             " are left (file truncated?)");
    }
    const auto taken = bytes_.subspan(position_, size);
    position_ += size;
    return taken;
  }

  template <typename T>
  T number(const std::string& what) {
    T value{};
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string_view text(const std::string& what) {
    const auto size = number<std::uint64_t>(what);
    if (size > kMaxGgufString) {
      refuse(what, ": a string of ", size, " bytes, at most ", kMaxGgufString, " are allowed");
    }
    const auto bytes = take(size, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  GgufType type(const std::string& what) {
    const auto id = number<std::uint32_t>(what);
    if (id > static_cast<std::uint32_t>(GgufType::f64)) {
      refuse(what, ": value type ", id, ", expected 0 to 12");
    }
    return static_cast<GgufType>(id);
  }

  GgufValue value(GgufType type, const std::string& what);

 private:
  GgufArray array(const std::string& what);

  std::span<const std::byte> bytes_;
  std::string who_;
  std::uint64_t position_ = 0;
};

// Bytes of one value, 0 for those that have no fixed size.
std::uint64_t fixed_size(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64:
      return 8;
    case GgufType::string:
    case GgufType::array:
      break;
  }
  return 0;
}

GgufValue Cursor::value(GgufType type, const std::string& what) {
  switch (type) {
    case GgufType::u8:
      return {type, std::uint64_t{number<std::uint8_t>(what)}};
    case GgufType::i8:
      return {type, std::int64_t{number<std::int8_t>(what)}};
    case GgufType::u16:
      return {type, std::uint64_t{number<std::uint16_t>(what)}};
    case GgufType::i16:
      return {type, std::int64_t{number<std::int16_t>(what)}};
    case GgufType::u32:
      return {type, std::uint64_t{number<std::uint32_t>(what)}};
    case GgufType::i32:
      return {type, std::int64_t{number<std::int32_t>(what)}};
    case GgufType::f32:
      return {type, double{number<float>(what)}};
    case GgufType::boolean:
      return {type, number<std::int8_t>(what) != 0};
    case GgufType::string:
      return {type, std::string(text(what))};
    case GgufType::u64:
      return {type, number<std::uint64_t>(what)};
    case GgufType::i64:
      return {type, number<std::int64_t>(what)};
    case GgufType::f64:
      return {type, number<double>(what)};
    case GgufType::array:
      break;
  }
  return {GgufType::array, array(what)};
}

GgufArray Cursor::array(const std::string& what) {
  const GgufType element = type(what);
  if (element == GgufType::array) refuse(what, ": an array of arrays, which GGUF does not allow");
  const auto count = number<std::uint64_t>(what);
  const std::uint64_t size = fixed_size(element);
  if (size != 0) {
    const auto bytes = checked_mul(count, size);
    if (!bytes) refuse(what, ": an array of ", count, " elements overflows");
    return {element, count, take(*bytes, what)};
  }
  if (count > left() / sizeof(std::uint64_t)) {
    refuse(what, ": an array of ", count, " strings in ", left(), " bytes (file truncated?)");
  }
  const std::uint64_t begin = position_;
  for (std::uint64_t i = 0; i < count; ++i) text(what);
  return {element, count, bytes_.subspan(begin, position_ - begin)};
}

std::uint64_t padding(std::uint64_t position, std::uint64_t alignment) {
  return (alignment - position % alignment) % alignment;
}

// What the header says of a tensor before its bytes are known.
struct Description {
  GgufTensor tensor;
  std::uint64_t offset = 0;  // from the beginning of the data
  std::uint64_t size = 0;    // bytes
};

class Parser {
 public:
  Parser(std::span<const std::byte> file, const std::string& who)
      : file_(file), cursor_(file, "gguf: " + who) {
    refuse_lfs_pointer(file, "gguf: " + who);
  }

  GgufContent parse() {
    read_magic();
    const auto tensors = cursor_.number<std::uint64_t>("the number of tensors");
    const auto entries = cursor_.number<std::uint64_t>("the number of entries");
    check_count(entries, kLeastEntry, "entries");
    check_count(tensors, kLeastTensor, "tensors");
    for (std::uint64_t i = 0; i < entries; ++i) read_entry(i);
    read_alignment();
    for (std::uint64_t i = 0; i < tensors; ++i) read_description(i);
    if (tensors > 0) locate_tensors();
    return std::move(content_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    cursor_.refuse(parts...);
  }

  void read_magic() {
    const auto magic = cursor_.take(4, "the magic");
    if (std::memcmp(magic.data(), "GGUF", 4) != 0) {
      refuse("begins with '",
             printable(std::string_view(reinterpret_cast<const char*>(magic.data()), 4)),
             "', expected 'GGUF' (not a GGUF file?)");
    }
    content_.version = cursor_.number<std::uint32_t>("the version");
    if (content_.version != 0 && (content_.version & 0xFFFFU) == 0) {
      refuse("version ", content_.version, " (a file for a big-endian machine?)");
    }
    if (content_.version < 2 || content_.version > 3) {
      refuse("version ", content_.version, ", expected 2 or 3");
    }
  }

  void check_count(std::uint64_t count, std::uint64_t least_bytes, const char* what) const {
    if (count > cursor_.left() / least_bytes) {
      refuse(count, " ", what, " announced, which ", cursor_.left(),
             " bytes cannot hold (file truncated?)");
    }
  }

  void read_entry(std::uint64_t i) {
    const std::string_view key = cursor_.text(cat("key ", i));
    if (key.empty()) refuse("key ", i, " is empty");
    const std::string what = cat("key '", printable(key), "'");
    if (!keys_.insert(key).second) refuse(what, " comes twice");
    const GgufType type = cursor_.type(what);
    content_.entries.emplace_back(std::string(key), cursor_.value(type, what));
  }

  void read_alignment() {
    for (const auto& [key, value] : content_.entries) {
      if (key != "general.alignment") continue;
      if (value.type != GgufType::u32) {
        refuse("general.alignment is ", gguf_type_name(value.type), ", expected u32");
      }
      content_.alignment = std::get<std::uint64_t>(value.value);
      if (!std::has_single_bit(content_.alignment)) {
        refuse("general.alignment is ", content_.alignment, ", expected a power of two");
      }
    }
  }

  void read_description(std::uint64_t i) {
    const std::string_view name = cursor_.text(cat("name of tensor ", i));
    const std::string what = cat("tensor '", printable(name), "'");
    if (name.size() > kMaxGgufName) {
      refuse(what, ": a name of ", name.size(), " bytes, at most ", kMaxGgufName, " are allowed");
    }
    if (name.find('\0') != std::string_view::npos) refuse(what, ": a NUL byte in the name");
    if (!names_.insert(name).second) refuse(what, " comes twice");
    Description description;
    description.tensor.name = std::string(name);
    description.tensor.shape = read_shape(what);
    const auto type = cursor_.number<std::uint32_t>(what);
    description.tensor.type = find_ggml_type(type);
    if (description.tensor.type == nullptr) refuse(what, ": unknown tensor type ", type);
    description.size = byte_size(description.tensor, what);
    description.offset = cursor_.number<std::uint64_t>(what);
    descriptions_.push_back(std::move(description));
  }

  std::vector<std::int64_t> read_shape(const std::string& what) {
    const auto dimensions = cursor_.number<std::uint32_t>(what);
    if (dimensions > kMaxGgufDimensions) {
      refuse(what, ": ", dimensions, " dimensions, at most ", kMaxGgufDimensions, " are allowed");
    }
    std::vector<std::int64_t> shape(dimensions);
    for (std::size_t i = dimensions; i-- > 0;) {  // the fastest dimension comes first
      shape[i] = cursor_.number<std::int64_t>(what);
      if (shape[i] < 0) refuse(what, ": dimension of ", shape[i], " elements");
    }
    return shape;
  }

  // Multiplied in the file's order: an overflow counts even where a dimension after it is 0.
  std::uint64_t element_count(const std::vector<std::int64_t>& shape,
                              const std::string& what) const {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    std::int64_t elements = 1;
    for (auto size = shape.rbegin(); size != shape.rend(); ++size) {
      if (*size > 1 && (kMost - 1) / *size < elements) {
        refuse(what, ": shape ", shape_text(shape), " overflows");
      }
      elements *= *size;
    }
    return static_cast<std::uint64_t>(elements);
  }

  std::uint64_t byte_size(const GgufTensor& tensor, const std::string& what) const {
    const GgmlType& type = *tensor.type;
    const std::int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
    if (static_cast<std::uint64_t>(row) % type.block_size != 0) {
      refuse(what, ": rows of ", row, " elements, ", type.name, " needs a multiple of ",
             type.block_size);
    }
    const auto bytes =
        checked_mul(element_count(tensor.shape, what) / type.block_size, type.block_bytes);
    if (!bytes) {
      refuse(what, ": shape ", shape_text(tensor.shape), " ", type.name, " overflows in bytes");
    }
    return *bytes;
  }

  // Each tensor follows the one before it and its padding.
  void locate_tensors() {
    cursor_.take(padding(cursor_.position(), content_.alignment), "the padding before the data");
    const std::uint64_t data = cursor_.position();
    std::uint64_t expected = 0;
    for (Description& description : descriptions_) {
      const std::string what = cat("tensor '", printable(description.tensor.name), "'");
      if (description.offset != expected) {
        refuse(what, ": offset ", description.offset, ", expected ", expected,
               description.offset < expected ? " (overlaps the tensor before it)"
                                             : " (leaves a hole)");
      }
      const std::uint64_t space = file_.size() - data;
      if (expected > space || description.size > space - expected) {
        refuse(what, ": ", description.size, " bytes from ", expected, " on, the file has ", space,
               " bytes of data (file truncated?)");
      }
      description.tensor.bytes = file_.subspan(data + expected, description.size);
      expected += description.size;  // both are below the file's size
      expected += padding(expected, content_.alignment);
      content_.tensors.push_back(std::move(description.tensor));
    }
  }

  std::span<const std::byte> file_;
  Cursor cursor_;
  GgufContent content_;
  std::unordered_set<std::string_view> keys_;
  std::unordered_set<std::string_view> names_;
  std::vector<Description> descriptions_;
};

}  // namespace

GgufContent parse_gguf(std::span<const std::byte> file, const std::string& who) {
  return Parser(file, who).parse();
}

std::vector<GgufValue> gguf_elements(const GgufArray& array, std::uint64_t limit) {
  Cursor cursor(array.bytes, "gguf: array");
  std::vector<GgufValue> values;
  for (std::uint64_t i = 0; i < array.count && i < limit; ++i) {
    values.push_back(cursor.value(array.element, "element"));
  }
  return values;
}

}  // namespace dnd::formats
