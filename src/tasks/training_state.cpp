#include "tasks/training_state.h"

#include <charconv>

#include "base/identity.h"
#include "base/strings.h"

namespace dnd::tasks {
namespace {

const std::string& entry(const formats::Metadata& metadata, const char* key,
                         const std::string& who) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) {
    fail(ErrorKind::data, who, ": is not the state of a training (no ", key, ")");
  }
  return found->second;
}

std::int64_t step_of(const std::string& text, std::int64_t steps, const std::string& who) {
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && step >= 1 && step <= steps) return step;
  fail(ErrorKind::data, who, ": ", kStateStepKey, " is '", printable(text), "', expected 1 to ",
       steps, " (damaged?)");
}

}  // namespace

std::int64_t steps_of_state(const formats::Metadata& metadata, std::int64_t steps,
                            const std::string& identity, const std::string& who) {
  if (entry(metadata, kStateFormatKey, who) != kStateFormat) {
    fail(ErrorKind::data, who, ": is not the state of a training");
  }
  require_same_identity(entry(metadata, kStateIdentityKey, who), identity, who, "training");
  return step_of(entry(metadata, kStateStepKey, who), steps, who);
}

std::int64_t steps_of_state(const std::filesystem::path& state, std::int64_t steps,
                            const std::string& identity) {
  const formats::SafetensorsFile file(state);
  return steps_of_state(file.metadata(), steps, identity, "training state: " + state.string());
}

}  // namespace dnd::tasks
