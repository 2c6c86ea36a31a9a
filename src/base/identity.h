// What a saved run is, so that nothing else goes on with it.
#pragma once

#include <string>

namespace dnd {

// Both are JSON objects of texts and numbers. Throws Error(data), beginning with `who`, that names what
// differs with both values. `what` was saved: "training".
void require_same_identity(const std::string& saved, const std::string& wanted,
                           const std::string& who, const std::string& what);

}  // namespace dnd
