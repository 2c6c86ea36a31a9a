#include "tokenizer/fields.h"

#include "base/paths.h"
#include "base/strings.h"
#include "tokenizer/code_points.h"

namespace dnd::tokenizer {

bool required_boolean(JsonObject& fields, const std::string& key) {
  if (!fields.at(key).is_boolean()) {
    fail(ErrorKind::data, fields.where(), ": '", key, "': expected true or false, got ",
         fields.at(key).type_name());
  }
  return fields.at(key).get<bool>();
}

std::string text_or_none(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

bool flag_or(const Json& object, const char* key, bool fallback) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_boolean() ? fallback : found->get<bool>();
}

Json read_object_file(const std::filesystem::path& path) {
  if (!is_file(path)) return Json::object();
  const std::string who = cat("tokenizer: ", path.string());
  Json json = read_json_file(path, who);
  const JsonObject object(json, who);  // throws where it is none
  return json;
}

char32_t one_character(JsonObject& fields, const std::string& key) {
  const std::string text = fields.text(key);
  if (count_points(text) != 1) {
    fail(ErrorKind::data, fields.where(), ": '", key, "': expected one character, got '",
         printable(text), "'");
  }
  std::size_t at = 0;
  return decode_at(text, at);
}

std::string utf8(char32_t point) {
  std::string text;
  append_point(text, point);
  return text;
}

Pattern read_pattern(JsonObject& fields, const std::string& key) {
  JsonObject pattern = fields.object(key);
  const std::string where = fields.where();
  if (fields.at(key).size() != 1) {
    fail(ErrorKind::data, where, ": '", key, "': expected one of String and Regex");
  }
  if (pattern.has("Regex")) return Pattern::expression(pattern.text("Regex"), where);
  return Pattern::literal(pattern.text("String"));
}

void refuse_type(const std::string& who, const std::string& type) {
  fail(ErrorKind::data, who, ": the type '", printable(type), "' is not supported");
}

void check_depth(int depth, const std::string& who) {
  if (depth > kDeepestSequence) {
    fail(ErrorKind::data, who, ": sequences in sequences deeper than ", kDeepestSequence,
         " levels");
  }
}

}  // namespace dnd::tokenizer
