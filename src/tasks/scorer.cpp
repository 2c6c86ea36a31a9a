#include "tasks/scorer.h"

#include <array>
#include <utility>

#include "base/strings.h"

namespace dnd::tasks {
namespace {

constexpr std::array<std::pair<std::string_view, ScorerKind>, 8> kNames = {{
    {"exact", ScorerKind::exact},
    {"first_line", ScorerKind::first_line},
    {"contains", ScorerKind::contains},
    {"regex", ScorerKind::regex},
    {"number", ScorerKind::number},
    {"choice", ScorerKind::choice},
    {"f1", ScorerKind::f1},
    {"rouge_l", ScorerKind::rouge_l},
}};

Scorer named(const std::string& name, ErrorKind kind, const std::string& who) {
  for (const auto& [word, value] : kNames) {
    if (word != name) continue;
    Scorer scorer;
    scorer.kind = value;
    return scorer;
  }
  fail(kind, who, ": unknown scorer '", printable(name), "'; there are ",
       joined(kNames, [](const auto& each) { return each.first; }));
}

bool takes_case(ScorerKind kind) {
  return kind == ScorerKind::exact || kind == ScorerKind::first_line ||
         kind == ScorerKind::contains || kind == ScorerKind::regex;
}

// "first" or "last".
bool reads_last(JsonObject& object, const std::string& where) {
  const std::string select = object.text_or("select", "first");
  if (select == "first" || select == "last") return select == "last";
  fail(ErrorKind::data, where, ": 'select' is '", printable(select), "', expected first or last");
}

void read_options(JsonObject& object, const std::string& where, Scorer& scorer) {
  const auto flag = [&](const char* key) { return object.boolean_or(key, false); };
  if (takes_case(scorer.kind)) scorer.ignore_case = flag("ignore_case");
  if (scorer.kind == ScorerKind::regex) {
    scorer.pattern = object.text("pattern");
    scorer.last = reads_last(object, where);
  }
  if (scorer.kind == ScorerKind::number) {
    scorer.tolerance = object.number_or("tolerance", 0.0);
    if (!(scorer.tolerance >= 0.0)) {
      fail(ErrorKind::data, where, ": 'tolerance' must not be negative");
    }
  }
  if (scorer.kind == ScorerKind::choice) scorer.normalized = flag("normalized");
}

}  // namespace

std::string first_line(const std::string& answer) {
  const std::string whole = trimmed(answer);
  return trimmed(whole.substr(0, whole.find('\n')));
}

std::vector<std::string> plain_scorer_names() {
  std::vector<std::string> names;
  for (const auto& [word, value] : kNames) {
    if (value != ScorerKind::regex) names.emplace_back(word);
  }
  return names;
}

Scorer scorer_of_name(const std::string& name) {
  Scorer scorer = named(name, ErrorKind::usage, "--scorer");
  if (scorer.kind == ScorerKind::regex) {
    fail(ErrorKind::usage, "--scorer regex: needs a pattern, which a task of tasks.json gives");
  }
  return scorer;
}

std::string_view scorer_name(ScorerKind kind) {
  for (const auto& [word, value] : kNames) {
    if (value == kind) return word;
  }
  return "";
}

Scorer scorer_from_json(const Json& json, const std::string& where) {
  if (json.is_string()) {
    Scorer scorer = named(json.get<std::string>(), ErrorKind::data, where);
    if (scorer.kind == ScorerKind::regex) {
      fail(ErrorKind::data, where,
           ": regex needs a pattern: {\"name\": \"regex\", \"pattern\": ...}");
    }
    return scorer;
  }
  JsonObject object(json, where);
  Scorer scorer = named(object.text("name"), ErrorKind::data, where);
  read_options(object, where, scorer);
  object.refuse_unknown_keys();
  return scorer;
}

}  // namespace dnd::tasks
