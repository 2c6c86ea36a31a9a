// Writes ZIP archives of stored entries, and on demand wrong ones, for hostile-file tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dnd::testing {

// `count` little-endian bytes.
inline std::string little_endian(std::uint64_t value, std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
  return bytes;
}

inline std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

class ZipWriter {
 public:
  struct Lie {
    std::uint16_t method = 0;  // 8: deflated
    std::uint16_t flags = 0;   // 1: encrypted
    std::uint32_t crc_xor = 0;
    std::uint32_t extra_size = 0;  // announced beyond what is there
  };

  ZipWriter& add(std::string_view name, std::string_view content) {
    return add(name, content, Lie{});
  }
  ZipWriter& add(std::string_view name, std::string_view content, const Lie& lie) {
    const std::uint64_t size = content.size() + lie.extra_size;
    const std::string common = little_endian(lie.flags, 2) + little_endian(lie.method, 2) +
                               little_endian(0x00210000, 4) +  // 1 January 1980
                               little_endian(crc32_of(content) ^ lie.crc_xor, 4) +
                               little_endian(size, 4) + little_endian(size, 4) +
                               little_endian(name.size(), 2) + little_endian(0, 2);
    directory_ += "PK\x01\x02" + little_endian(20, 2) + little_endian(20, 2) + common +
                  std::string(10, '\0') + little_endian(body_.size(), 4) + std::string(name);
    body_ += "PK\x03\x04" + little_endian(20, 2) + common + std::string(name);
    body_ += content;
    ++count_;
    return *this;
  }

  std::string bytes() const {
    return body_ + directory_ + end(count_, directory_.size(), body_.size());
  }

  // With a ZIP64 end record that announces `count` entries.
  std::string bytes_zip64(std::uint64_t count) const {
    const std::string record = "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 2) +
                               little_endian(45, 2) + std::string(8, '\0') +
                               little_endian(count, 8) + little_endian(count, 8) +
                               little_endian(directory_.size(), 8) + little_endian(body_.size(), 8);
    const std::string locator = "PK\x06\x07" + little_endian(0, 4) +
                                little_endian(body_.size() + directory_.size(), 8) +
                                little_endian(1, 4);
    return body_ + directory_ + record + locator + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF);
  }

 private:
  static std::string end(std::uint64_t count, std::uint64_t size, std::uint64_t offset) {
    return "PK\x05\x06" + std::string(4, '\0') + little_endian(count, 2) + little_endian(count, 2) +
           little_endian(size, 4) + little_endian(offset, 4) + std::string(2, '\0');
  }

  std::string body_;
  std::string directory_;
  std::uint64_t count_ = 0;
};

}  // namespace dnd::testing
