// Questions about paths, with one kind of answer for what the system refuses to say.
//
// The functions of <filesystem> with the same names throw their own exception for a loop of links, a name
// that is too long or a folder without permission. These throw dnd::Error with the path and the
// system's reason, and nothing else in the project asks the system (scripts/lint.sh checks that).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace dnd {

// What stands at a path, links followed. `absent` also where a parent is missing or is no folder.
enum class PathKind { absent, file, folder, other };

// Throws Error(no_input) where the system cannot tell.
PathKind kind_of(const std::filesystem::path& path);
bool path_exists(const std::filesystem::path& path);
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// Whether a link stands there, whatever it leads to.
bool is_link(const std::filesystem::path& path);

// Whether both name the same existing file or folder; false where the system cannot tell.
bool is_same(const std::filesystem::path& a, const std::filesystem::path& b);

// `folder` / the first of `names` that is there; / the first of them where none is. Throws Error(no_input).
std::filesystem::path first_existing(const std::filesystem::path& folder,
                                     std::span<const char* const> names);

// Bytes of a regular file. Throws Error(no_input).
std::uint64_t file_bytes(const std::filesystem::path& path);

// The entries of a folder as paths, sorted by name. Throws Error(no_input).
std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder);

// Absolute, without "." and ".." and without a slash at the end. Links stay, but for what stands before a
// "..", which names the parent of what is there, as the system has it: Error(no_input) where nothing is, as
// for an empty path and where the current folder is gone.
std::filesystem::path absolute_path(const std::filesystem::path& path);

// The same with links followed as far as the path exists. Throws Error(no_input).
std::filesystem::path resolved_path(const std::filesystem::path& path);

// The nearest of `path` and the folders above it that exists (the file system's root at last).
std::filesystem::path nearest_existing(const std::filesystem::path& path);

// Whether `inner` is `outer` or lies in it: whether one of the folders above it, or itself, is the same file
// as `outer`, however the two paths come there (links, mounts).
bool lies_in(const std::filesystem::path& inner, const std::filesystem::path& outer);

}  // namespace dnd
