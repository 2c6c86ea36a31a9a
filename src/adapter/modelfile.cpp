#include "adapter/modelfile.h"

#include "base/file.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kBeginning = "# Made by dnd: 'ollama create NAME -f ";
constexpr std::string_view kUpTo =
    "# Ollama 0.34.1 and later refuse ADAPTER: merge it (dnd merge) into a GGUF of the base, and "
    "FROM that.\n";
constexpr std::uint64_t kLargest = 1U << 20U;

FileKind modelfile() {
  return {"a Modelfile of dnd's", [](const fs::path& path) {
            return read_text_file(path, kLargest).starts_with(kBeginning);
          }};
}

bool says(const fs::path& path, const std::string& text) {
  return is_file(path) && file_bytes(path) == text.size() && read_text_file(path, kLargest) == text;
}

void refuse_line_ends(const std::string& text, const char* what) {
  if (text.find_first_of("\r\n") == std::string::npos) return;
  fail(ErrorKind::data, "modelfile: ", what, " '", printable(text), "' has a line's end in it");
}

}  // namespace

fs::path modelfile_place(const fs::path& gguf) {
  return fs::path(gguf).replace_extension(".Modelfile");
}

std::string modelfile_base(const fs::path& path) {
  const bool in_folder = is_file(path) && lower_ascii(path.extension().string()) != ".gguf";
  const fs::path whole = absolute_path(path);
  return (in_folder ? whole.parent_path() : whole).string();
}

std::string modelfile_text(const std::string& base, const fs::path& gguf,
                           const std::string& made_for) {
  const std::string name = gguf.filename().string();
  refuse_line_ends(base, "the base");
  refuse_line_ends(name, "the adapter");
  std::string text = cat(kBeginning, modelfile_place(name).string(), "'\n", kUpTo);
  if (!made_for.empty()) text += cat("# The adapter is for ", printable(made_for), ".\n");
  return cat(text, "FROM ", base, "\nADAPTER ./", name, "\n");
}

void check_modelfile(const fs::path& path, const std::string& text, bool force) {
  if (!says(path, text)) check_output(path, modelfile(), force, {});
}

void write_modelfile(const fs::path& path, const std::string& text, bool force) {
  if (says(path, text)) return;
  Staged staged(path, modelfile(), force ? OnExisting::replace : OnExisting::refuse);
  write_new_file(staged.path(), text);
  staged.commit();
}

}  // namespace dnd::adapter
