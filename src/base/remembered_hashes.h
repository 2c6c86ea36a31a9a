// SHA-256 of files, computed once and remembered for as long as they stay as they are.
//
// What is remembered stands in one text file of the user's, a line a file: device, inode, size, times of
// content and of inode in nanoseconds, digest. It may be deleted at any time. Nothing in it is believed that
// somebody else could have written, and no file is remembered that changed in the last seconds, whose next
// change its times might not tell. Where there is no such place every call computes.
#pragma once

#include <filesystem>
#include <string>

namespace dnd {

// In cache_folder(); empty where there is none.
std::filesystem::path hash_cache_file();

// As sha256_hex_of_file(). Throws Error(no_input).
std::string remembered_sha256(const std::filesystem::path& file);

// Of a folder: of its files' names and digests, hidden files and folders left out; of a file its own. Throws
// Error(no_input).
std::string remembered_sha256_of_files(const std::filesystem::path& place);

}  // namespace dnd
