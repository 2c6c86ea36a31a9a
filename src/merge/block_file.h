// Files read and written in blocks at given places, by several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "base/descriptor.h"

namespace dnd::merge {

// An open file to read from. Any thread may call read().
class BlockReader {
 public:
  // Throws Error(no_input).
  explicit BlockReader(const std::filesystem::path& path);
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // Fills `bytes` from byte `begin` of the file on. Throws Error(io), also where the file ends
  // before.
  void read(std::uint64_t begin, std::span<std::byte> bytes) const;

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

// A new file of a size known beforehand. Any thread may call write().
class BlockWriter {
 public:
  // Reserves the space. Throws Error(cannot_create), or Error(io) where the disk is too full.
  BlockWriter(const std::filesystem::path& path, std::uint64_t bytes);
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  // Writes at byte `begin` of the file and has the system begin to move it to the disk. Throws
  // Error(io).
  void write(std::uint64_t begin, std::span<const std::byte> bytes);
  // Flushes to the disk and closes; the destructor closes without flushing. Throws Error(io).
  void finish();

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

// Nobody may do with what was made of `source` what they may not do with that: takes permissions from
// `made`, to which the umask gave them. The owner's stay. Throws Error(io).
void keep_permissions(const std::filesystem::path& source, const std::filesystem::path& made);

// Throws Error(cannot_create) if the file system of `path` (or of its nearest existing parent) has
// less than `bytes` left for us.
void check_free_space(const std::filesystem::path& path, std::uint64_t bytes);

}  // namespace dnd::merge
