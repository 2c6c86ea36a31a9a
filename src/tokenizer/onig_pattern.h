// Oniguruma's regular expressions (the syntax and the Unicode of the reference's) in PCRE2's words.
#pragma once

#include <string>
#include <string_view>

namespace dnd::tokenizer {

// For PCRE2_UTF | PCRE2_MULTILINE with line feeds as newlines. Throws Error(data), beginning with `who`,
// for what Oniguruma refuses and for what PCRE2 cannot say or says otherwise: calls of groups, absence,
// conditions, callouts, text segments, ASCII options, characters that are equal to several without regard
// to case.
std::string translate_onig(std::string_view pattern, const std::string& who);

}  // namespace dnd::tokenizer
