// GGUF files, version 3: typed key/value pairs and named tensors (llama.cpp's container).
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The reader applies every check of
// llama.cpp's gguf.cpp, against the file's size before anything is allocated, each with a message of
// its own. The writer gives what gguf-py's GGUFWriter gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "base/file.h"

namespace dnd::formats {

// Longest tensor name, in bytes (GGML_MAX_NAME - 1).
inline constexpr std::size_t kMaxGgufName = 63;
inline constexpr std::uint64_t kGgufAlignment = 32;

enum class GgufType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

// An array stays in the file: its elements are decoded on demand.
struct GgufArray {
  GgufType element = GgufType::u8;
  std::uint64_t count = 0;
  std::span<const std::byte> bytes;  // of the elements, as they stand in the file
};

struct GgufValue {
  GgufType type = GgufType::u32;
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray> value;
};

// A tensor type of ggml: blocks of `block_size` elements in `block_bytes` bytes.
struct GgmlType {
  std::uint32_t id = 0;
  std::string_view name;  // "F32", "Q8_0", ...
  std::uint64_t block_size = 1;
  std::uint64_t block_bytes = 4;
  std::optional<Dtype> dtype;  // for plain floats
};
inline constexpr std::uint32_t kGgmlF32 = 0;
inline constexpr std::uint32_t kGgmlF16 = 1;
inline constexpr std::uint32_t kGgmlQ8_0 = 8;
inline constexpr std::uint32_t kGgmlBf16 = 30;
const GgmlType* find_ggml_type(std::uint32_t id);  // nullptr if unknown or removed

struct GgufTensor {
  std::string name;
  const GgmlType* type = nullptr;
  std::vector<std::int64_t> shape;   // C order: the reverse of the file's
  std::span<const std::byte> bytes;  // without the padding after it
};

// An open, memory-mapped GGUF file. Movable; views live as long as the object.
class GgufFile {
 public:
  // Throws Error(no_input) or Error(data).
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<std::pair<std::string, GgufValue>>& entries() const { return entries_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  const GgufValue* find(std::string_view key) const;  // nullptr if absent
  // Throw Error(data) naming the key where it has another type.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;

  const GgufTensor* find_tensor(std::string_view name) const;
  // F32, F16, BF16 and Q8_0 as fp32 in C order; others are Error(data).
  std::vector<float> read_f32(const GgufTensor& tensor) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  std::vector<std::pair<std::string, GgufValue>> entries_;
  std::vector<GgufTensor> tensors_;
};

// What will be written.
struct GgufTensorSpec {
  std::string name;
  std::uint32_t type = kGgmlF32;
  std::vector<std::int64_t> shape;  // C order
};

}  // namespace dnd::formats
