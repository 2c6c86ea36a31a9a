// Where this program is, and what was installed with it.
#pragma once

#include <filesystem>

namespace dnd {

// The running program's own file. Throws Error(internal) where the system does not tell.
std::filesystem::path executable_path();

// lib/dnd beside the program: the engine, and other programs that it starts.
std::filesystem::path library_folder();

// share/dnd beside the program: presets, encoders, generators.
std::filesystem::path data_folder();

}  // namespace dnd
