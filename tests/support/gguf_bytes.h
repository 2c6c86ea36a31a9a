// Small GGUF files put together by hand, right and wrong ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/gguf.h"
#include "support/zip_writer.h"

namespace dnd::testing {

struct GgufBytes {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::vector<std::string> entries;  // of gguf_entry()
  std::vector<std::string> tensors;  // of gguf_tensor()
  std::string data;
  std::uint64_t alignment = 32;     // by which the data is aligned, whatever an entry says
  std::uint64_t extra_entries = 0;  // announced beyond what is there
  std::uint64_t extra_tensors = 0;

  std::string done() const {
    std::string bytes = magic + little_endian(version, 4) +
                        little_endian(tensors.size() + extra_tensors, 8) +
                        little_endian(entries.size() + extra_entries, 8);
    for (const std::string& entry : entries) bytes += entry;
    for (const std::string& tensor : tensors) bytes += tensor;
    if (!tensors.empty()) bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes + data;
  }
};

inline formats::GgufContent parse_gguf_bytes(const std::string& file) {
  return formats::parse_gguf(std::as_bytes(std::span(file)), "x.gguf");
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string gguf_string(std::string_view text) {
  return little_endian(text.size(), 8) + std::string(text);
}

// `value` is the bytes after the type.
inline std::string gguf_entry(std::string_view key, std::uint32_t type, std::string_view value) {
  return gguf_string(key) + little_endian(type, 4) + std::string(value);
}

inline std::string gguf_text_entry(std::string_view key, std::string_view text) {
  return gguf_entry(key, 8, gguf_string(text));
}

inline std::string gguf_float_entry(std::string_view key, float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return gguf_entry(key, 6, little_endian(bits, 4));
}

// `dimensions` in the file's order, the fastest first.
inline std::string gguf_tensor(std::string_view name, const std::vector<std::uint64_t>& dimensions,
                               std::uint32_t type, std::uint64_t offset) {
  std::string bytes = gguf_string(name) + little_endian(dimensions.size(), 4);
  for (const std::uint64_t size : dimensions) bytes += little_endian(size, 8);
  return bytes + little_endian(type, 4) + little_endian(offset, 8);
}

}  // namespace dnd::testing
