// Variables of the process's environment.
#pragma once

#include <cstdlib>
#include <string>

namespace dnd {

// "" where it is not set.
inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Of a variable that has got another name: where that is not set its old one counts, with a warning.
std::string renamed_environment(const char* name, const char* old_name);

}  // namespace dnd
