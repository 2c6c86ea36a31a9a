#include "tuning/base_fingerprint.h"

#include <algorithm>
#include <cstdint>

#include "base/file.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "formats/weight_files.h"

namespace dnd::tuning {
namespace {

constexpr std::uint64_t kPieces = 64;
constexpr std::uint64_t kPiece = 1U << 16U;

formats::WeightFiles files_of(const std::filesystem::path& base) {
  if (!is_folder(base)) return formats::weight_files_of_gguf(base);
  const auto found = formats::find_weight_files(base);
  if (!found) fail(ErrorKind::no_input, "base model: ", base.string(), ": has no weights");
  return *found;
}

}  // namespace

std::string base_fingerprint(const std::filesystem::path& base) {
  Sha256 hash;
  const formats::WeightFiles files = files_of(base);
  for (const std::string& name : files.names) {
    const MappedFile file(files.folder / name);
    const std::uint64_t size = file.bytes().size();
    hash.update(cat(size, " "));
    for (std::uint64_t i = 0; i < kPieces; ++i) {
      const std::uint64_t first = size / kPieces * i;
      hash.update(file.bytes().subspan(first, std::min(kPiece, size - first)));
    }
  }
  return hash.hex();
}

}  // namespace dnd::tuning
