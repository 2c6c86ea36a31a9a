// Paths that a document names.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"

namespace dnd::tasks {

// The text under `key`, taken from `folder` where it is relative. Throws Error(data) where it is empty,
// no file system takes it (more than 255 bytes a name, 1024 in all), or a message could not show it
// (control characters).
std::filesystem::path named_path(JsonObject& object, const std::string& key,
                                 const std::filesystem::path& folder);

}  // namespace dnd::tasks
