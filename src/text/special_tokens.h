// Tokens that are found in the raw text, before anything else is done to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::text {

struct SpecialToken {
  std::string text;  // not empty
  std::int32_t id = 0;
};

// Walks `text` from left to right: on_text(std::string_view) for what stands between special tokens
// (it may be empty), on_token(std::int32_t) for each of them; where several fit, the longest.
template <typename OnText, typename OnToken>
void split_at_special_tokens(std::string_view text, const std::vector<SpecialToken>& specials,
                             const OnText& on_text, const OnToken& on_token) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size();) {
    const SpecialToken* best = nullptr;
    for (const SpecialToken& special : specials) {
      const bool longer = best == nullptr || special.text.size() > best->text.size();
      if (longer && text.substr(i).starts_with(special.text)) best = &special;
    }
    if (best == nullptr) {
      ++i;
      continue;
    }
    on_text(text.substr(begin, i - begin));
    on_token(best->id);
    begin = i += best->text.size();
  }
  on_text(text.substr(begin));
}

}  // namespace dnd::text
