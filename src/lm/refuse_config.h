// How the readers of a config.json refuse what it says.
#pragma once

#include <string>

#include "base/json.h"
#include "base/strings.h"

namespace dnd::lm {

// Throws Error(data) that names the document.
[[noreturn]] inline void refuse_config(const JsonObject& json, const std::string& what) {
  fail(ErrorKind::data, json.where(), ": ", what);
}

}  // namespace dnd::lm
