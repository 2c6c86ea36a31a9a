// All-or-nothing outputs: what is made appears whole under its final name, or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dnd {

class StagingRoom;

// Whether something other than an empty folder is at `path`.
bool is_occupied(const std::filesystem::path& path);

// Whether what is at a path is of a kind. May throw Error where it cannot be read as one.
using FileTest = std::function<bool(const std::filesystem::path&)>;

// What a folder of one kind consists of.
struct FolderKind {
  std::string name;                // "a bundle"
  std::string marker;              // the file that it cannot be without
  std::vector<std::string> files;  // all it may hold, the marker included
  FileTest is_one = {};            // asked of the folder at last, where names do not tell enough
};

struct FileKind {
  std::string name;  // "a GGUF adapter"
  FileTest is_one;
};

// Throw Error(cannot_create) unless nothing is at `path`, or an empty folder (FolderKind), or just what this
// kind consists of: a folder with anything else in it, named in the message, is never replaced, whatever was
// asked, and neither is a file of another kind.
void check_replaceable(const std::filesystem::path& path, const FolderKind& kind);
void check_replaceable(const std::filesystem::path& path, const FileKind& kind);

// The absolute path of an output. Throws Error(cannot_create) where the system cannot have it, and for the
// root of a mounted file system, which no other folder can be put in the place of.
std::filesystem::path output_path(const std::filesystem::path& path);

// Throws Error(cannot_create) if something is at `out` and it is, holds or lies in one of `inputs`: replacing
// it would take from the call what it reads. Inputs that do not exist (and "", "-") count for nothing.
void check_apart(const std::filesystem::path& out,
                 const std::vector<std::filesystem::path>& inputs);

// Throws Error(cannot_create) where nothing could be made at `path`: the nearest parent that exists
// must be a folder that takes entries. Writing may still fail, of a full disk for one.
void check_place(const std::filesystem::path& path);

// Before anything is computed: `out` can be made, and is free or, with `force`, of a kind that is replaced
// and no part of the call's `inputs`. `advice` says what else a place that is taken leaves. Throws
// Error(cannot_create).
void check_output(const std::filesystem::path& out, const FolderKind& kind, bool force,
                  const std::vector<std::filesystem::path>& inputs,
                  const char* advice = "--force replaces it");
void check_output(const std::filesystem::path& out, const FileKind& kind, bool force,
                  const std::vector<std::filesystem::path>& inputs,
                  const char* advice = "--force replaces it");

enum class OnExisting { refuse, replace };

// A file or a folder being made beside its final place:
//
//   Staged staged(final_path, kBundle, OnExisting::refuse);
//   ... write into staged.path() ...
//   staged.commit();
//
// It is made in a folder `.<name>.dnd-tmp.<random>` of the same parent (created if need be), on which
// this object holds a lock of the kernel's. Without commit() the destructor removes it all; what a killed
// process left behind is removed by the next Staged for the same final name, which finds it unlocked. Where
// the file system refuses locks, nobody's leftovers are touched. commit() flushes a folder's entries, then
// renames; an existing target is judged once more, exchanged in one step and removed afterwards. An empty
// folder at the final place counts as absent.
class Staged {
 public:
  // What is replaced must pass check_replaceable(). Throws Error(cannot_create) if the target exists
  // (OnExisting::refuse), is of another kind, or the place cannot be written.
  Staged(const std::filesystem::path& final_path, FolderKind kind, OnExisting on_existing);
  Staged(const std::filesystem::path& final_path, FileKind kind, OnExisting on_existing);
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
  ~Staged();

  // Of a folder: it is there, empty. Of a file: nothing is there yet.
  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  using ReplaceCheck = std::function<void(const std::filesystem::path&)>;

  Staged(const std::filesystem::path& final_path, bool is_folder, OnExisting on_existing,
         ReplaceCheck check);
  void check_final(const char* problem) const;

  std::filesystem::path final_;
  std::filesystem::path temporary_;
  ReplaceCheck check_;
  OnExisting on_existing_;
  bool is_folder_;
  std::unique_ptr<StagingRoom> room_;  // nothing after commit()
};

// For files that are the program's own, in a folder that is its own: any file is replaced, nothing else.
FileKind own_file();

// Writes a whole file of our own so that `path` holds either the old or the new content.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace dnd
