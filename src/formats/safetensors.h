// safetensors files: named tensors behind a JSON header, without code and without copies.
//
// Format: https://github.com/huggingface/safetensors (8-byte little-endian header size N, N bytes
// of JSON, tensor bytes). The reader applies every check of the reference implementation 0.8 in its
// order, each with a message of its own, and one more: duplicate keys are refused, because parsers
// differ in which one they believe. The writer produces what the reference writer does: tensors by
// element type (widest alignment first), then by name, header padded with spaces to 8 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/dtype.h"
#include "base/file.h"

namespace dnd::formats {

// Largest header the reference reader and writer accept, in bytes.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

using Shape = std::vector<std::int64_t>;
using Metadata = std::map<std::string, std::string>;

// One tensor of an open file. `bytes` points into the file's map: C order, little-endian, no
// alignment guaranteed beyond what the writer gave.
struct TensorView {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::span<const std::byte> bytes;
};

// What the header of `file` (a whole safetensors file in memory) says, fully checked against the
// file's size. Views point into `file`. Tensors are in file order. Throws Error(data); `who` names
// the file in messages.
struct SafetensorsHeader {
  Metadata metadata;
  std::vector<TensorView> tensors;
};
SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& who);

// An open, memory-mapped safetensors file. Movable; views live as long as the object.
class SafetensorsFile {
 public:
  // Throws Error(no_input) or Error(data).
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const Metadata& metadata() const { return header_.metadata; }
  const std::vector<TensorView>& tensors() const { return header_.tensors; }  // in file order
  const TensorView* find(std::string_view name) const;                        // nullptr if absent
  // Throws Error(data) naming the nearest existing name.
  const TensorView& at(std::string_view name) const;
  // at(name) as fp32 in C order. Throws Error(data) unless the type is F16, BF16, F32 or F64, or if
  // `expected` is given and the shape differs.
  std::vector<float> read_f32(std::string_view name, const Shape* expected = nullptr) const;
  // Has all of it read into memory while the caller does other things.
  void read_ahead() { file_.read_ahead(); }

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsHeader header_;
  std::map<std::string_view, std::size_t> index_;
};

// What will be written: the bytes follow later, in the order of safetensors_order().
struct TensorSpec {
  std::string name;
  Dtype dtype = Dtype::f32;
  Shape shape;
  std::uint64_t byte_size() const;  // throws Error(internal) on overflow
};

// Sorts as the reference writer does: by dtype descending, then by name.
void sort_for_safetensors(std::vector<TensorSpec>& specs);

// Writes one file in one pass with bounded memory: construct, write every tensor's bytes in the
// order of `specs` (sorted by the caller with sort_for_safetensors), finish(). The path must not
// exist; use dnd::Staged for all-or-nothing replacement.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorSpec> specs,
                    const Metadata& metadata);

  const std::vector<TensorSpec>& specs() const { return specs_; }
  // Appends bytes of the current tensor; a tensor may come in several pieces.
  void write(std::span<const std::byte> bytes);
  // Throws Error(internal) unless exactly the announced bytes were written. Flushes to the disk.
  void finish();

  // Sees every byte that goes into the file, header first; for hashing on the way.
  using Observer = std::function<void(std::span<const std::byte>)>;
  static std::string header(const std::vector<TensorSpec>& specs, const Metadata& metadata);
  void observe(Observer observer);  // before the first write()

 private:
  std::vector<TensorSpec> specs_;
  std::string header_;
  FileWriter file_;
  Observer observer_;
  std::uint64_t expected_ = 0;
  std::uint64_t written_ = 0;
  bool started_ = false;
};

}  // namespace dnd::formats
