// Variables of the process's environment.
#pragma once

#include <string>

namespace dnd {

// "" where it is not set, and for every variable where the program runs with other rights than its caller's
// (setuid, setgid, file capabilities): libraries and models would be the caller's choice.
std::string environment(const char* name);

// Of a variable that has got another name: where that is not set its old one counts, with a warning.
std::string renamed_environment(const char* name, const char* old_name);

}  // namespace dnd
