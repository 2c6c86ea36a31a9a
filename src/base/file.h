// Reading and writing files: memory maps in, all-or-nothing replacement out.
//
// Goals: sizes never trusted beyond the file's own; nothing half-written under a final name,
// whatever kills the process; errors that name the file and the system's reason.
// Non-goals: asynchronous I/O, remote files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dnd {

class ReadAhead;

// A read-only memory map of a whole file. Movable; the bytes live as long as the object, at the same
// place. An empty file gives an empty span.
class MappedFile {
 public:
  MappedFile();
  // Throws Error(no_input) if the file is missing, is a directory or cannot be opened.
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

// The whole content of a file as text. Throws Error(no_input), or Error(data) above `max_bytes`.
std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes);
// The whole of standard input. Throws Error(data) above `max_bytes`.
std::string read_standard_input(std::uint64_t max_bytes);

// Appends to a new file through a descriptor it owns. Throws Error(cannot_create) if the file
// cannot be made and Error(io) if writing fails. Permissions follow the umask.
class FileWriter {
 public:
  explicit FileWriter(std::filesystem::path path);
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;
  ~FileWriter();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  // Flushes to the disk and closes; the destructor closes without flushing.
  void finish();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

// Makes a new file with this content and flushes it. Throws as FileWriter does.
void write_new_file(const std::filesystem::path& path, std::string_view content);

// Writes a whole file so that `path` holds either the old or the new content.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

enum class OnExisting { refuse, replace };

// A file or a folder being made under a temporary name beside its final place:
//
//   Staged staged(final_path, Staged::Kind::directory, OnExisting::refuse);
//   ... write into staged.path() ...
//   staged.commit();
//
// The temporary name is `.<name>.dnd-tmp.<machine>.<pid>-<n>` in the same parent folder, which is created if
// need be. Without commit() the destructor removes what was staged; what a killed process left
// behind is removed by the next Staged for the same final name, once its owner is gone.
// commit() flushes a folder's entries, then renames; an existing target is exchanged in one step
// and removed afterwards. An empty folder at the final place counts as absent.
class Staged {
 public:
  enum class Kind { file, directory };

  // Throws Error(cannot_create) if the target exists (OnExisting::refuse) or the place cannot be
  // written.
  Staged(const std::filesystem::path& final_path, Kind kind, OnExisting on_existing);
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
  ~Staged();

  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  Kind kind_;
  OnExisting on_existing_;
  bool committed_ = false;
};

// Whether something other than an empty folder is at `path`.
bool is_occupied(const std::filesystem::path& path);

// Throws Error(cannot_create) if `folder` is occupied and holds no file `marker`: what is not "a
// bundle" (`kind`) is never replaced, whatever was asked.
void check_replaceable(const std::filesystem::path& folder, std::string_view marker,
                       std::string_view kind);

}  // namespace dnd
