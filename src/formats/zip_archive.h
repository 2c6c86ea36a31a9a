// Read-only ZIP archives of stored entries (the door to libzip).
//
// Goals: ZIP64; reading an entry of any size with bounded memory; refusing what a file of raw
// tensors has no use for (two entries of one name; compressed or encrypted ones, where asked for).
// Non-goals: writing, decompression, extraction to the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct zip;

namespace dnd::formats {

using ByteSink = std::function<void(std::span<const std::byte>)>;

// An open archive. Movable. One thread at a time, read() included: entries share one file position.
class ZipArchive {
 public:
  struct Entry {
    std::string name;
    std::uint64_t size = 0;  // bytes
    std::uint64_t index = 0;
    std::string obstacle;  // why it cannot be read, "" if it can
  };

  // `who` starts every message. Throws Error(no_input) if the file cannot be opened, Error(data) if
  // it is not an archive.
  ZipArchive(const std::filesystem::path& path, std::string who);

  const std::vector<Entry>& entries() const { return entries_; }  // in directory order
  // nullptr if absent. Throws Error(data) if the entry is there and cannot be read.
  const Entry* find(std::string_view name) const;

  // Passes `size` bytes of the entry from `begin` on to `sink`, in pieces of 4 MiB (the last is
  // shorter). A whole entry is checked against its CRC after the last piece: Error(data) may come
  // when `sink` has seen all bytes. [begin, begin + size) must lie inside the entry.
  void read(const Entry& entry, std::uint64_t begin, std::uint64_t size,
            const ByteSink& sink) const;
  // A whole small entry. Throws Error(data) above `max_bytes`.
  std::string read_text(const Entry& entry, std::uint64_t max_bytes) const;

 private:
  struct Closer {
    void operator()(zip* archive) const;
  };

  Entry describe(std::uint64_t index, std::uint64_t file_size) const;

  std::string who_;
  std::unique_ptr<zip, Closer> archive_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace dnd::formats
