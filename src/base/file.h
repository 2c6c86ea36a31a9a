// Reading and writing files.
//
// Goals: sizes never trusted beyond the file's own; what is opened is asked first what it is, so that a
// pipe or a device in a model's folder is refused, not waited for; errors that name the file and the
// system's reason. What outputs become whole or not at all by: base/staged.h. Non-goals: asynchronous I/O,
// remote files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace dnd {

class ReadAhead;

// Opens a regular file for reading. Throws Error(no_input) if it is missing, cannot be opened or is anything
// else: a folder, a pipe, a socket, a device. Error(io) where the process may open no more.
Descriptor open_file(const std::filesystem::path& path);

// A read-only memory map of a whole file. Movable; the bytes live as long as the object, at the same
// place. An empty file gives an empty span.
class MappedFile {
 public:
  MappedFile();
  // Throws Error(no_input) as open_file() does.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  // Has all of it read into memory while the caller does other things.
  void read_ahead();

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::unique_ptr<ReadAhead> read_ahead_;
};

// The whole content of a regular file as text. Throws Error(no_input), or Error(data) above `max_bytes`.
std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes);
// The same of a file or a pipe, for which it waits: "<(command)" of a shell.
std::string read_text_stream(const std::filesystem::path& path, std::uint64_t max_bytes);
// The whole of standard input. Throws Error(data) above `max_bytes`.
std::string read_standard_input(std::uint64_t max_bytes);

// Appends to a new file through a descriptor it owns. Throws Error(cannot_create) if the file
// cannot be made and Error(io) if writing fails. Permissions follow the umask.
class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path path);
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  // Flushes to the disk and closes; the destructor closes without flushing.
  void finish();

 private:
  std::filesystem::path path_;
  Descriptor descriptor_;
};

// Makes a new file with this content and flushes it. Throws as FileWriter does.
void write_new_file(const std::filesystem::path& path, std::string_view content);

}  // namespace dnd
