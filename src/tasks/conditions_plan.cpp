#include "tasks/conditions_plan.h"

#include "base/remembered_hashes.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::tasks {

std::int64_t PromptRows::row(const std::string& prompt) {
  const auto [entry, fresh] = rows_.try_emplace(prompt, static_cast<std::int64_t>(texts_.size()));
  if (fresh) texts_.push_back(prompt);
  return entry->second;
}

std::string encoder_key(const bundle::ConditionConfig& condition,
                        const std::filesystem::path& encoder) {
  return sha256_hex(cat(remembered_sha256_of_files(encoder), '\0', condition.max_length, '\0',
                        condition.width, '\0', static_cast<int>(condition.kind), '\0',
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
