#include "tasks/conditions_plan.h"

#include "base/paths.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

// Names and contents of the files of an encoder; hidden ones left out.
std::string encoder_sha256(const fs::path& encoder) {
  if (is_file(encoder)) return sha256_hex_of_file(encoder);
  std::vector<fs::path> files;
  for (const fs::path& entry : list_folder(encoder)) {
    const bool hidden = entry.filename().string().starts_with('.');
    if (!hidden && !is_folder(entry)) files.push_back(entry);
  }
  Sha256 hash;
  for (const fs::path& file : files) {
    hash.update(cat(file.filename().string(), '\0', sha256_hex_of_file(file), '\0'));
  }
  return hash.hex();
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

ConditionsPlan conditions_plan(const bundle::ConditionConfig& condition,
                               const std::string& encoder_key,
                               const std::vector<std::string>& texts) {
  Sha256 hash;
  hash.update(encoder_key);
  for (const std::string& text : texts) hash.update(cat(text.size(), '\0', text));
  return {hash.hex(), static_cast<std::int64_t>(texts.size()), condition.max_length,
          condition.width};
}

}  // namespace dnd::tasks
