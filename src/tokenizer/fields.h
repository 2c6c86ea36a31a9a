// Reading the parts of a tokenizer.json that several components have.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"
#include "tokenizer/regex.h"

namespace dnd::tokenizer {

// Throws Error(data) as the JsonObject does, where the value is missing or another thing.
bool required_boolean(JsonObject& fields, const std::string& key);
// A string that is there; "" for anything else.
std::string text_or_none(const Json& object, const char* key);
// true or false that is there; `fallback` for anything else.
bool flag_or(const Json& object, const char* key, bool fallback);
// The object in a file of a tokenizer's folder; an empty one where there is no file. Throws Error(data).
Json read_object_file(const std::filesystem::path& path);
// A string of one code point.
char32_t one_character(JsonObject& fields, const std::string& key);
std::string utf8(char32_t point);
// {"String": ...} or {"Regex": ...}
Pattern read_pattern(JsonObject& fields, const std::string& key);
// "who: kind 'type' is not supported"
[[noreturn]] void refuse_type(const std::string& who, const std::string& type);
// Parts in parts are read to this depth.
inline constexpr int kDeepestSequence = 16;
void check_depth(int depth, const std::string& who);

}  // namespace dnd::tokenizer
