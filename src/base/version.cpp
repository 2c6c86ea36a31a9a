#include "base/version.h"

namespace dnd {

const char* version() { return DND_VERSION; }

}  // namespace dnd
