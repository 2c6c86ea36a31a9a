// English as it is written, of tokens with spaces between: no spaces before marks, contractions.
#pragma once

#include <string>
#include <string_view>

namespace dnd::tokenizer {

// As Rust's str::replace, of well-formed UTF-8: an empty `from` is found at both ends and between all
// characters.
void replace_all(std::string& text, std::string_view from, std::string_view to);

// `contracts_do_not`: "do not" becomes "don't", as in the library tokenizers; transformers leaves it.
void clean_up(std::string& text, bool contracts_do_not);

}  // namespace dnd::tokenizer
