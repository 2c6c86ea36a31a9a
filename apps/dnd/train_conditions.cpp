#include "train_conditions.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTensor = "conditions";
constexpr const char* kKey = "dnd.key";
constexpr std::size_t kPiece = 32;  // prompts encoded at once

// Names and contents of the files of an encoder; hidden ones left out.
std::string encoder_sha256(const fs::path& encoder) {
  if (is_file(encoder)) return sha256_hex_of_file(encoder);
  std::vector<fs::path> files;
  for (const fs::path& entry : list_folder(encoder)) {
    const bool hidden = entry.filename().string().starts_with('.');
    if (!hidden && is_file(entry)) files.push_back(entry);
  }
  Sha256 hash;
  for (const fs::path& file : files) {
    hash.update(cat(file.filename().string(), '\0', sha256_hex_of_file(file), '\0'));
  }
  return hash.hex();
}

FileKind conditions_file() {
  return {"the conditions of a training", [](const fs::path& path) {
            return formats::SafetensorsFile(path).metadata().contains(kKey);
          }};
}

}  // namespace

std::int64_t PromptRows::row(const std::string& prompt) {
  const auto [entry, fresh] = rows_.try_emplace(prompt, static_cast<std::int64_t>(texts_.size()));
  if (fresh) texts_.push_back(prompt);
  return entry->second;
}

std::string encoder_key(const bundle::ConditionConfig& condition, const fs::path& encoder) {
  return sha256_hex(cat(encoder_sha256(encoder), '\0', condition.max_length, '\0', condition.width,
                        '\0', static_cast<int>(condition.kind), '\0',
                        static_cast<int>(condition.empty_chunk)));
}

std::string conditions_key(const std::string& encoder_key, const std::vector<std::string>& texts) {
  Sha256 hash;
  hash.update(encoder_key);
  for (const std::string& text : texts) hash.update(cat(text.size(), '\0', text));
  return hash.hex();
}

bool Conditions::is_ready(const fs::path& path, const std::string& key) {
  if (!path_exists(path)) return false;
  const formats::SafetensorsFile file(path);
  const auto found = file.metadata().find(kKey);
  return found != file.metadata().end() && found->second == key;
}

void Conditions::make(const fs::path& path, const std::string& key, const ConditionMaker& maker,
                      const bundle::ConditionConfig& condition,
                      const std::vector<std::string>& texts,
                      const std::function<void(double)>& progress) {
  Staged staged(path, conditions_file(), OnExisting::replace);
  const auto count = static_cast<std::int64_t>(texts.size());
  formats::SafetensorsWriter writer(
      staged.path(), {{kTensor, Dtype::f32, {count, condition.max_length, condition.width}}},
      {{kKey, key}});
  for (std::size_t begin = 0; begin < texts.size(); begin += kPiece) {
    const std::size_t end = std::min(texts.size(), begin + kPiece);
    const HostTensor piece = maker.make({texts.begin() + static_cast<std::ptrdiff_t>(begin),
                                         texts.begin() + static_cast<std::ptrdiff_t>(end)});
    writer.write(std::as_bytes(std::span(piece.values)));
    progress(static_cast<double>(end) / static_cast<double>(texts.size()));
  }
  writer.finish();
  staged.commit();
}

Conditions::Conditions(const fs::path& path) : file_(path) {
  const std::span<const std::byte> bytes = file_.at(kTensor).bytes;
  // The writer pads the header to 8 bytes, so the values are aligned; else the file is another's.
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(float) != 0) {
    fail(ErrorKind::data, path.string(), ": tensor '", kTensor, "' is not aligned");
  }
  values_ = {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

}  // namespace dnd::app
