#include "tuning/teacher_cache.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::tuning {
namespace {

constexpr std::uint64_t kMaxCache = 1ULL << 32U;

Json number_or_null(float value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json answer_json(const TaughtAnswer& answer) {
  Json json = {{"ids", answer.ids}};
  for (const TeacherToken& token : answer.tokens) {
    Json logs = Json::array();
    for (const float log : token.logs) logs.push_back(number_or_null(log));
    json["tokens"].push_back({{"best", token.best}, {"logs", logs}});
  }
  return json;
}

std::vector<std::int32_t> ids_from(JsonObject& object, const char* key, std::int64_t vocabulary) {
  const std::vector<std::int64_t> ids = object.integers(key, 0, vocabulary - 1);
  return {ids.begin(), ids.end()};
}

TeacherToken token_from(const Json& json, const std::string& where, std::int64_t vocabulary) {
  JsonObject object(json, where);
  TeacherToken token{ids_from(object, "best", vocabulary), {}};
  for (const Json& log : object.array("logs")) {
    const bool number = log.is_number() && log.get<double>() <= 1e-3;
    if (!number && !log.is_null()) fail(ErrorKind::data, where, ": no log-probability");
    token.logs.push_back(number ? log.get<float>() : -INFINITY);
  }
  if (token.logs.size() != token.best.size() + 1) fail(ErrorKind::data, where, ": not whole");
  return token;
}

// Throws Error(data) for what no teacher writes.
TaughtAnswer answer_from(std::string_view line, std::int64_t vocabulary, bool with_tokens) {
  const Json json = parse_json(line, "answer");
  JsonObject object(json, "answer");
  TaughtAnswer answer{ids_from(object, "ids", vocabulary), {}};
  if (answer.ids.empty()) fail(ErrorKind::data, "answer: no token");
  if (!with_tokens) return answer;
  for (const Json& token : object.array("tokens")) {
    answer.tokens.push_back(token_from(token, "answer: tokens", vocabulary));
  }
  if (answer.tokens.size() != answer.ids.size()) fail(ErrorKind::data, "answer: not whole");
  return answer;
}

}  // namespace

TeacherCache::TeacherCache(std::filesystem::path path, const Json& key, std::int64_t vocabulary,
                           bool with_tokens)
    : path_(std::move(path)), key_(json_line(key)) {
  if (path_exists(path_)) read(vocabulary, with_tokens);
  std::string content = key_ + '\n';
  for (const TaughtAnswer& answer : answers_) content += json_line(answer_json(answer)) + '\n';
  write_file_atomically(path_, content);
  out_.open(path_, std::ios::app);
}

void TeacherCache::read(std::int64_t vocabulary, bool with_tokens) {
  const std::string content = read_text_file(path_, kMaxCache);
  const std::size_t whole = content.rfind('\n');
  if (whole == std::string::npos) return;
  const auto lines = split(std::string_view(content).substr(0, whole), '\n');
  if (lines[0] != key_) return;
  try {
    for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
      answers_.push_back(answer_from(*line, vocabulary, with_tokens));
    }
  } catch (const Error&) {  // from here on they are made again
  }
}

void TeacherCache::add(TaughtAnswer answer) {
  out_ << json_line(answer_json(answer)) << '\n';
  answers_.push_back(std::move(answer));
}

void TeacherCache::flush() {
  if (!out_.flush()) fail(ErrorKind::io, path_.string(), ": cannot write (disk full?)");
}

}  // namespace dnd::tuning
