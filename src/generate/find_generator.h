// Generators by name: where bundles are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dnd::generate {

// The name of the generator that comes with the sources' tiny base.
inline constexpr const char* kTinyGenerator = "tiny";

// The bundle that `model` names: what stands at that path; else, where it is a name without a slash, a folder
// of that name in the first folder of $DND_MODEL_PATH (colons between them) that has one, then among those
// installed with the program. The path itself where nothing is found and it is no name. Throws
// Error(no_input) for a name that is nowhere, with those that are.
std::filesystem::path find_generator(const std::string& model);

// All that find_generator() knows by name, sorted.
std::vector<std::string> generator_names();

// The name of the generator that is used where none is named: "smollm2-135m" where it is installed and no
// preview, else "tiny" where that is installed; "" where neither is.
std::string default_generator_name();

}  // namespace dnd::generate
