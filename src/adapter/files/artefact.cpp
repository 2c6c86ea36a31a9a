#include "adapter/files/artefact.h"

#include <variant>

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;

namespace {

// What cannot be read is no finished adapter, whatever else it is.
FileFacts describe_existing(const Artefact& artefact, const WriteOptions& options) {
  try {
    return file_format(artefact.format).describe(artefact.path, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data && error.kind() != ErrorKind::no_input) throw;
    fail(ErrorKind::cannot_create, artefact.path.string(),
         ": exists already, and is no finished adapter (--force replaces it): ", error.what());
  }
}

}  // namespace

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

std::optional<Finished> find_finished(const Artefact& artefact,
                                      const std::map<std::string, std::string>& expected,
                                      const WriteOptions& options) {
  if (!is_occupied(artefact.path)) return std::nullopt;
  const FileFacts found = describe_existing(artefact, options);
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
  const std::size_t bytes = MappedFile(found.weights).bytes().size();
  return Finished{{bytes, sha256_hex_of_file(found.weights)}, found.metadata};
}

}  // namespace dnd::adapter
