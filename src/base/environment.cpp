#include "base/environment.h"

#include <cstdlib>

#include "base/log.h"
#include "base/strings.h"

namespace dnd {

std::string environment(const char* name) {
  const char* value = ::secure_getenv(name);
  return value == nullptr ? "" : value;
}

std::string renamed_environment(const char* name, const char* old_name) {
  if (std::string value = environment(name); !value.empty()) return value;
  std::string value = environment(old_name);
  if (!value.empty()) {
    log_warning(cat("the environment variable ", old_name, " is called ", name,
                    " now; its old name will go with the next version"));
  }
  return value;
}

}  // namespace dnd
