// The door to nlohmann/json: strict parsing and strict access to objects.
//
// Parsing refuses what RFC 8259 calls invalid or leaves open in a harmful way: duplicate keys,
// invalid UTF-8, a byte-order mark, deep nesting. Errors are Error(data) and name the document.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dnd {

// Objects keep the order of the file.
using Json = nlohmann::ordered_json;

// Deepest nesting accepted (the limit of serde_json, so of the safetensors reference reader).
inline constexpr int kJsonDepthLimit = 127;

// Whether // and /* */ are passed over, as in files that people write; RFC 8259 has none.
enum class JsonComments { refuse, ignore };

// `who` names the document in messages, e.g. "layout: my.json".
Json parse_json(std::string_view text, const std::string& who,
                JsonComments comments = JsonComments::refuse);
// Reads and parses a file of at most `max_bytes`.
Json read_json_file(const std::filesystem::path& path, const std::string& who,
                    std::uint64_t max_bytes = 64ULL << 20U,
                    JsonComments comments = JsonComments::refuse);

// Compact, for one line of machine output; and indented by two, for files that people read.
std::string json_line(const Json& value);
std::string json_pretty(const Json& value);

// A view of a JSON object that reports every problem by path and knows which keys were used.
// Holds references: the Json must outlive it.
class JsonObject {
 public:
  // Throws Error(data) if `value` is not an object. `where` is e.g. "layout: my.json: blocks[0]".
  JsonObject(const Json& value, std::string where);

  bool has(const std::string& key);        // present and not null
  bool is_null(const std::string& key);    // present and null
  const Json& at(const std::string& key);  // throws if absent

  std::string text(const std::string& key);
  std::string text_or(const std::string& key, const std::string& fallback);
  // An integer in [low, high].
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high);
  std::int64_t integer_or(const std::string& key, std::int64_t fallback, std::int64_t low,
                          std::int64_t high);
  double number_or(const std::string& key, double fallback);
  bool boolean_or(const std::string& key, bool fallback);
  const Json& array(const std::string& key);
  std::vector<std::int64_t> integers(const std::string& key, std::int64_t low, std::int64_t high);
  JsonObject object(const std::string& key);

  // The document says "format": `format` and "version": 1.
  void expect_format(const std::string& format);

  // Throws Error(data) naming the first key that none of the calls above asked for.
  void refuse_unknown_keys() const;

  const std::string& where() const { return where_; }

 private:
  const Json& value_;
  std::string where_;
  std::set<std::string> used_;
};

}  // namespace dnd
