// A configuration of `dnd train` to begin with: every key, explained.
#pragma once

#include <string>

namespace dnd::tasks {

// What must be there stands there; all else is commented out with its default, in lines that begin with
// "// ," and may each be taken in.
std::string train_template();

}  // namespace dnd::tasks
