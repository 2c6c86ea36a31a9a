// Ollama's Modelfile: a base model and a GGUF adapter for it, as `ollama create` takes them up to 0.33.
#pragma once

#include <filesystem>
#include <string>

namespace dnd::adapter {

// X.Modelfile beside X.gguf.
std::filesystem::path modelfile_place(const std::filesystem::path& gguf);

// What FROM says of a base that lies at `path`: its absolute path, of a file that is no GGUF the folder's.
std::string modelfile_base(const std::filesystem::path& path);

// FROM `base` (a path, or a name of Ollama's), ADAPTER `gguf` by its name: the two files lie together.
// `made_for` names the base that the adapter was made for; may be empty. Throws Error(data) where a text
// has a line's end.
std::string modelfile_text(const std::string& base, const std::filesystem::path& gguf,
                           const std::string& made_for);

// Before anything is computed. Throws Error(cannot_create) where write_modelfile() would.
void check_modelfile(const std::filesystem::path& path, const std::string& text, bool force);

// Whole or not at all; what says the same already stays. Throws Error(cannot_create) where another Modelfile
// is there (replaced with `force`), or any other file.
void write_modelfile(const std::filesystem::path& path, const std::string& text, bool force);

}  // namespace dnd::adapter
