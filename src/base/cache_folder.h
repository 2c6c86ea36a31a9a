// What the program remembers for its user from call to call. All of it may be deleted at any time.
#pragma once

#include <filesystem>

namespace dnd {

// dnd in $XDG_CACHE_HOME, else in ~/.cache; empty where neither variable names a place.
std::filesystem::path cache_folder();

// Makes it, for the user alone, where it is not there. False where there is none, and where somebody else may
// write into it.
bool make_cache_folder();

}  // namespace dnd
