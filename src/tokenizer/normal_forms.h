// The Unicode normalization forms as the reference has them (its tables are of Unicode 9).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::tokenizer {

// One code point of a changed text: 0 where it takes the place of one of the old text, 1 where it is new, -n
// where the n code points after the one that it replaces go.
struct ChangedPoint {
  char32_t point;
  int change;
};

enum class NormalForm { nfd, nfkd, nfc, nfkc };

std::vector<ChangedPoint> normal_form(std::string_view text, NormalForm form);

// False only if normal_form() is certain to change nothing: cheap.
bool may_change(std::string_view text, NormalForm form);

}  // namespace dnd::tokenizer
