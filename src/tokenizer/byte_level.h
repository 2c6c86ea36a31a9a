// GPT-2's alphabet: a printable character for every byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dnd::tokenizer {

char32_t byte_character(unsigned char byte);
void append_byte_level(std::string& out, std::string_view bytes);
std::optional<unsigned char> character_byte(char32_t point);

}  // namespace dnd::tokenizer
