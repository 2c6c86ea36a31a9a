#include "adapter/files/artefact.h"

#include <variant>

#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;

std::vector<Artefact> artefacts_of(const fs::path& place,
                                   const std::vector<AdapterFormat>& formats) {
  std::vector<Artefact> artefacts;
  artefacts.reserve(formats.size());
  for (const AdapterFormat format : formats) {
    artefacts.push_back({format, file_format(format).place(place, formats.size() == 1)});
  }
  return artefacts;
}

void check_output(const Artefact& artefact, bool force, const std::vector<fs::path>& inputs,
                  const char* advice) {
  std::visit([&](const auto& kind) { check_output(artefact.path, kind, force, inputs, advice); },
             file_format(artefact.format).kind());
}

void check_replaceable(const Artefact& artefact) {
  std::visit([&](const auto& kind) { check_replaceable(artefact.path, kind); },
             file_format(artefact.format).kind());
}

WrittenFile write_artefact(const Artefact& artefact, const LoraAdapter& adapter,
                           const WriteOptions& options) {
  return file_format(artefact.format).write(artefact.path, adapter, options);
}

bool is_finished(const Artefact& artefact, const std::map<std::string, std::string>& expected,
                 const WriteOptions& options) {
  if (!is_occupied(artefact.path)) return false;
  const FileFacts found = file_format(artefact.format).describe(artefact.path, options);
  bool same = found.dtype == options.dtype;
  for (const auto& [key, value] : expected) {
    if (key == "format" || key == "dnd.version") continue;
    const auto entry = found.metadata.find(key);
    same = same && entry != found.metadata.end() && entry->second == value;
  }
  if (!same) {
    fail(ErrorKind::cannot_create, artefact.path.string(),
         ": exists already, made from other inputs (--force replaces it)");
  }
  log_info(cat(artefact.path.string(), ": finished already"));
  return true;
}

}  // namespace dnd::adapter
