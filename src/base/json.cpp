#include "base/json.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/lfs_pointer.h"
#include "base/strings.h"

namespace dnd {
namespace {

// Builds a document while it is scanned; stops at the first problem: nesting, duplicate keys, syntax.
// Objects are appended to directly: ordered_json's own insertion searches all earlier keys.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  const std::string& problem() const { return problem_; }
  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(std::size_t /*elements*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*elements*/) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!open_.back().keys.insert(name).second) {
      problem_ = cat("duplicate key '", printable(name), "'");
      return false;
    }
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    const std::string_view text = error.what();
    const std::size_t colon = text.find(": ");  // drops the library's own "[json.exception...]"
    problem_ = cat("not valid JSON at byte ", position, ": ",
                   printable(colon == std::string_view::npos ? text : text.substr(colon + 2)));
    return false;
  }

 private:
  struct Container {
    Json* value;
    std::set<std::string> keys;  // of an object
    std::string key;             // the one whose value comes next
  };

  Json* append(Json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Container& parent = open_.back();
    if (parent.value->is_array()) {
      parent.value->push_back(std::move(value));
      return &parent.value->back();
    }
    // The vector below ordered_map; uniqueness is checked in key().
    auto& members = parent.value->get_ref<Json::object_t&>();
    using Members = std::vector<Json::object_t::value_type>;
    return &static_cast<Members&>(members)
                .emplace_back(std::move(parent.key), std::move(value))
                .second;
  }

  template <typename Value>
  bool add(Value&& value) {
    append(Json(std::forward<Value>(value)));
    return true;
  }

  bool open(Json&& container) {
    if (open_.size() >= static_cast<std::size_t>(kJsonDepthLimit)) {
      problem_ = cat("nested deeper than ", kJsonDepthLimit, " levels");
      return false;
    }
    open_.push_back({append(std::move(container)), {}, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Container> open_;
  std::string problem_;
};

}  // namespace

Json parse_json(std::string_view text, const std::string& who, JsonComments comments) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    fail(ErrorKind::data, who, ": starts with a byte-order mark");
  }
  refuse_lfs_pointer(text, who);
  // The parser takes a NUL for the end of the text and would ignore what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    fail(ErrorKind::data, who, ": not valid JSON at byte ", nul + 1, ": a NUL byte");
  }
  StrictBuilder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder, Json::input_format_t::json,
                       /*strict=*/true, comments == JsonComments::ignore)) {
    fail(ErrorKind::data, who, ": ", builder.problem());
  }
  return builder.take();
}

Json read_json_file(const std::filesystem::path& path, const std::string& who,
                    std::uint64_t max_bytes, JsonComments comments) {
  return parse_json(read_text_file(path, max_bytes), who, comments);
}

std::string json_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_pretty(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

JsonObject::JsonObject(const Json& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (!value_.is_object()) {
    fail(ErrorKind::data, where_, ": expected an object, got ", value_.type_name());
  }
}

bool JsonObject::has(const std::string& key) {
  used_.insert(key);
  const auto found = value_.find(key);
  return found != value_.end() && !found->is_null();
}

bool JsonObject::is_null(const std::string& key) {
  used_.insert(key);
  const auto found = value_.find(key);
  return found != value_.end() && found->is_null();
}

const Json& JsonObject::at(const std::string& key) {
  used_.insert(key);
  const auto found = value_.find(key);
  if (found == value_.end()) {
    std::vector<std::string> others;
    for (const auto& [other, value] : value_.items()) {
      if (!used_.contains(other)) others.push_back(other);
    }
    const std::string near = nearest_word(key, others);
    fail(ErrorKind::data, where_, ": key '", printable(key), "' is missing",
         near.empty() ? "" : cat(" (there is '", printable(near), "': a typing error?)"));
  }
  return *found;
}

std::string JsonObject::text(const std::string& key) {
  const Json& value = at(key);
  if (!value.is_string()) {
    fail(ErrorKind::data, where_, ": '", printable(key), "': expected a string, got ",
         value.type_name());
  }
  return value.get<std::string>();
}

std::string JsonObject::text_or(const std::string& key, const std::string& fallback) {
  return has(key) ? text(key) : fallback;
}

std::int64_t JsonObject::integer(const std::string& key, std::int64_t low, std::int64_t high) {
  const Json& value = at(key);
  const bool too_large = value.is_number_unsigned() &&
                         value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  // "-0" is a float to other readers (serde_json), so no integer here either.
  const bool negative_zero =
      value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() == 0;
  if (!value.is_number_integer() || negative_zero || too_large || value.get<std::int64_t>() < low ||
      value.get<std::int64_t>() > high) {
    fail(ErrorKind::data, where_, ": '", key, "': expected an integer from ", low, " to ", high,
         ", got ", printable(json_line(value)));
  }
  return value.get<std::int64_t>();
}

std::int64_t JsonObject::integer_or(const std::string& key, std::int64_t fallback, std::int64_t low,
                                    std::int64_t high) {
  return has(key) ? integer(key, low, high) : fallback;
}

double JsonObject::number_or(const std::string& key, double fallback) {
  if (!has(key)) return fallback;
  if (!at(key).is_number()) {
    fail(ErrorKind::data, where_, ": '", key, "': expected a number, got ", at(key).type_name());
  }
  return at(key).get<double>();
}

bool JsonObject::boolean_or(const std::string& key, bool fallback) {
  if (!has(key)) return fallback;
  if (!at(key).is_boolean()) {
    fail(ErrorKind::data, where_, ": '", key, "': expected true or false, got ",
         at(key).type_name());
  }
  return at(key).get<bool>();
}

const Json& JsonObject::array(const std::string& key) {
  const Json& value = at(key);
  if (!value.is_array()) {
    fail(ErrorKind::data, where_, ": '", key, "': expected an array, got ", value.type_name());
  }
  return value;
}

std::vector<std::int64_t> JsonObject::integers(const std::string& key, std::int64_t low,
                                               std::int64_t high) {
  std::vector<std::int64_t> out;
  for (const Json& item : array(key)) {
    const Json wrapped = {{key, item}};
    out.push_back(JsonObject(wrapped, where_).integer(key, low, high));
  }
  return out;
}

JsonObject JsonObject::object(const std::string& key) {
  return {at(key), where_ + ": " + printable(key)};
}

void JsonObject::expect_format(const std::string& format) {
  const std::string found = text("format");
  if (found != format) {
    fail(ErrorKind::data, where_, ": 'format' is '", printable(found), "', expected '", format,
         "'");
  }
  integer("version", 1, 1);
}

void JsonObject::refuse_unknown_keys() const {
  for (const auto& [key, value] : value_.items()) {
    if (used_.contains(key)) continue;
    const std::string near = nearest_word(key, {used_.begin(), used_.end()});
    fail(ErrorKind::data, where_, ": unknown key '", printable(key), "'",
         near.empty() ? "" : cat(" (did you mean '", near, "'?)"));
  }
}

}  // namespace dnd
