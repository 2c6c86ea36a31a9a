#include "generate/choose_prompts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::generate {
namespace {

// "'What is 2+3?' (4 times)", up to three of the texts that come more than once, most frequent first.
std::string repeated_texts(const std::vector<std::string>& texts) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& text : texts) ++counts[text];
  std::vector<std::pair<std::size_t, std::string>> repeated;
  for (const auto& [text, count] : counts) {
    if (count > 1) repeated.emplace_back(count, text);
  }
  std::stable_sort(repeated.begin(), repeated.end(),
                   [](const auto& x, const auto& y) { return x.first > y.first; });
  constexpr std::size_t kNamed = 3;
  std::string named;
  for (std::size_t i = 0; i < std::min(kNamed, repeated.size()); ++i) {
    named += cat(i == 0 ? "'" : ", '", printable(repeated[i].second), "' (", repeated[i].first,
                 " times)");
  }
  return repeated.size() > kNamed ? cat(named, " and ", repeated.size() - kNamed, " more") : named;
}

// Few or repeated prompts make a worse adapter: the generator was trained on N different ones.
void warn_about_repetition(const text::PromptTask& task, const ChosenPrompts& chosen) {
  const std::size_t needed = chosen.texts.size();
  if (chosen.distinct == needed) return;
  const std::string who = task.name.empty() ? "" : cat("task '", task.name, "': ");
  if (task.prompts.size() < needed) {
    log_warning(cat(who, task.prompts.size(), " prompts (", chosen.distinct,
                    " distinct) for a generator that takes ", needed,
                    ": they are repeated in order"));
  } else {
    log_warning(cat(who, "only ", chosen.distinct, " of the ", needed,
                    " prompts in use are distinct: ", repeated_texts(chosen.texts)));
  }
}

// What the selection is called in provenance.
std::string selection_name(std::size_t available, std::size_t needed, text::SelectMode mode) {
  if (available < needed) return "repeated";
  if (available == needed) return "exact";
  return mode == text::SelectMode::first ? "first" : "random";
}

}  // namespace

ChosenPrompts choose_prompts(const text::PromptTask& task, std::size_t needed,
                             const PromptChoice& choice) {
  const text::Selection selection =
      text::select_prompts(task.prompts, needed, choice.mode, choice.seed, choice.variant);
  ChosenPrompts chosen;
  chosen.distinct = selection.distinct;
  chosen.selection = selection_name(task.prompts.size(), needed, choice.mode);
  Sha256 hash;
  for (const std::size_t index : selection.indices) {
    chosen.texts.push_back(task.prompts[index]);
    hash.update(chosen.texts.back());
    hash.update(std::string_view("\0", 1));
  }
  chosen.sha256 = hash.hex();
  warn_about_repetition(task, chosen);
  return chosen;
}

}  // namespace dnd::generate
