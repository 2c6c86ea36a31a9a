// GGUF files, version 3: typed key/value pairs and named tensors (llama.cpp's container).
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The reader applies every check
// of llama.cpp's gguf.cpp, against the file's size before anything is allocated, each with a
// message of its own, and three more: counts and tensors must fit the file (llama.cpp's loaders
// look later), and tensor names hold no NUL (there a name ends at it). The writer gives what
// gguf-py's GGUFWriter gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
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
inline constexpr std::size_t kMaxGgufDimensions = 4;
inline constexpr std::uint64_t kGgufAlignment = 32;
inline constexpr std::uint64_t kMaxGgufString = 1ULL << 30U;

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
std::string_view gguf_type_name(GgufType type);  // "u32", "string", ...

// An array stays in the file: its elements are decoded on demand.
struct GgufArray {
  GgufType element = GgufType::u8;
  std::uint64_t count = 0;
  std::span<const std::byte> bytes;  // of the elements, as they stand in the file
};

// The alternative follows the type: unsigned, signed, floating, bool, string, array.
struct GgufValue {
  GgufType type = GgufType::u32;
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray> value;
};
using GgufEntries = std::vector<std::pair<std::string, GgufValue>>;

GgufValue gguf_text(std::string text);
GgufValue gguf_u32(std::uint32_t value);
GgufValue gguf_f32(float value);

// The first elements of an array, at most `limit`.
std::vector<GgufValue> gguf_elements(const GgufArray& array, std::uint64_t limit);

// A tensor type of ggml: blocks of `block_size` elements in `block_bytes` bytes.
struct GgmlType {
  std::uint32_t id = 0;
  std::string_view name;  // "F32", "Q8_0", ...
  std::uint64_t block_size = 1;
  std::uint64_t block_bytes = 4;
  std::optional<Dtype> dtype;  // for plain numbers
};
inline constexpr std::uint32_t kGgmlF32 = 0;
inline constexpr std::uint32_t kGgmlF16 = 1;
inline constexpr std::uint32_t kGgmlQ8 = 8;
inline constexpr std::uint32_t kGgmlBf16 = 30;
const GgmlType* find_ggml_type(std::uint32_t id);  // nullptr if unknown or removed

struct GgufTensor {
  std::string name;
  const GgmlType* type = nullptr;
  std::vector<std::int64_t> shape;   // C order: the reverse of the file's
  std::span<const std::byte> bytes;  // without the padding after it
};

// What `file` (a whole GGUF file in memory) says, fully checked. Arrays and tensors point into
// `file`; tensors and entries are in file order. Throws Error(data); `who` names the file.
struct GgufContent {
  std::uint32_t version = 3;
  std::uint64_t alignment = kGgufAlignment;
  GgufEntries entries;
  std::vector<GgufTensor> tensors;
};
GgufContent parse_gguf(std::span<const std::byte> file, const std::string& who);

// An open, memory-mapped GGUF file. Movable; views live as long as the object.
class GgufFile {
 public:
  // Throws Error(no_input) or Error(data).
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::uint32_t version() const { return content_.version; }
  std::uint64_t alignment() const { return content_.alignment; }
  const GgufEntries& entries() const { return content_.entries; }
  const std::vector<GgufTensor>& tensors() const { return content_.tensors; }

  const GgufValue* find(std::string_view key) const;  // nullptr if absent
  // Throw Error(data) naming the key where it has another type. integer() takes every integer type,
  // number() those and the floating ones.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;

  const GgufTensor* find_tensor(std::string_view name) const;  // nullptr if absent
  // As fp32 in C order; Error(data) for a type that dequantize.h does not know.
  std::vector<float> read_f32(const GgufTensor& tensor) const;

 private:
  [[noreturn]] void refuse_type(std::string_view key, const GgufValue& value,
                                std::string_view expected) const;

  std::filesystem::path path_;
  MappedFile file_;
  GgufContent content_;
  std::map<std::string, std::size_t, std::less<>> keys_;
  std::map<std::string, std::size_t, std::less<>> names_;
};

// What will be written.
struct GgufTensorSpec {
  std::string name;
  std::uint32_t type = kGgmlF32;
  std::vector<std::int64_t> shape;  // C order
  std::uint64_t byte_size() const;  // throws Error(internal) where there is none
};

// Writes one file in one pass with bounded memory: construct, write every tensor's bytes in the
// order of `specs`, finish(). Padding (alignment 32) is put in between. The path must not exist;
// use dnd::Staged for all-or-nothing replacement. What no reader would take is Error(internal).
class GgufWriter {
 public:
  GgufWriter(const std::filesystem::path& path, const GgufEntries& entries,
             std::vector<GgufTensorSpec> specs);

  const std::vector<GgufTensorSpec>& specs() const { return specs_; }
  // Appends bytes of the current tensor; a tensor may come in several pieces.
  void write(std::span<const std::byte> bytes);
  // Throws Error(internal) unless exactly the announced bytes were written. Flushes to the disk.
  void finish();

  // Sees every byte that goes into the file, header first; for hashing on the way.
  using Observer = std::function<void(std::span<const std::byte>)>;
  void observe(Observer observer);  // before the first write()
  // Everything before the first tensor's bytes.
  static std::string header(const GgufEntries& entries, const std::vector<GgufTensorSpec>& specs);

 private:
  void put(std::span<const std::byte> bytes);
  void start();
  void end_tensors();

  std::vector<GgufTensorSpec> specs_;
  std::string header_;
  FileWriter file_;
  Observer observer_;
  std::size_t current_ = 0;    // index of the tensor being written
  std::uint64_t written_ = 0;  // of its bytes
  bool started_ = false;
};

}  // namespace dnd::formats
