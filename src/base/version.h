// The project's version (CMakeLists.txt), for people and for what files say of their origin. It does not
// say what fits together: base/build_id.h does.
#pragma once

namespace dnd {

const char* version();  // e.g. "0.2.0"

}  // namespace dnd
