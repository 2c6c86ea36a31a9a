#include "tasks/questions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/prompt_files.h"
#include "text/prompt_record.h"
#include "text/record_keys.h"

namespace dnd::tasks {
namespace {

constexpr std::uint64_t kMaxQuestionFile = 1ULL << 28U;

std::vector<std::string> read_choices(JsonObject& object, const std::string& answer) {
  if (!object.has("choices")) return {};
  std::vector<std::string> choices;
  for (const Json& choice : object.array("choices")) {
    choices.push_back(choice.is_string() ? trimmed(choice.get<std::string>()) : "");
  }
  const bool any_empty = std::find(choices.begin(), choices.end(), "") != choices.end();
  const std::set<std::string> distinct(choices.begin(), choices.end());
  if (any_empty || choices.size() < 2 || distinct.size() < choices.size()) {
    fail(ErrorKind::data, object.where(), ": 'choices': expected two or more different texts");
  }
  if (!distinct.contains(answer)) {
    fail(ErrorKind::data, object.where(), ": 'answer' is none of the 'choices'");
  }
  return choices;
}

// Texts as they are; numbers and truth values as JSON writes them. Nothing of what is none of these.
std::optional<std::string> told(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

// A key that is nearly one of ours is a slip; others are other facts of the row.
void refuse_slips(const Json& json, const std::string& where) {
  const std::vector<std::string> known = {"prompt", "answer",  "choices",
                                          "bare",   "wording", "layout"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string near = nearest_word(key, known);
    if (near.empty() || json.contains(near)) continue;
    fail(ErrorKind::data, where, ": unknown key '", printable(key), "' (did you mean '", near,
         "'?)");
  }
}

Question plain_question(const Json& json, const std::string& where) {
  JsonObject object(json, where);
  Question question{object.text("prompt"), trimmed(told(object.at("answer")).value_or(""))};
  question.choices = read_choices(object, question.answer);
  question.bare = object.text_or("bare", "");
  refuse_slips(json, where);
  return question;
}

// What each ends with is the question and its answer.
Question conversation(const Json& json, const std::string& where) {
  JsonObject object(json, where);
  Question question;
  for (const Json& each : object.array("messages")) {
    JsonObject message(each, where + ": messages");
    question.before.push_back({message.text("role"), message.text("content")});
  }
  const std::size_t turns = question.before.size();
  if (turns < 2 || question.before[turns - 1].role != "assistant" ||
      question.before[turns - 2].role != "user") {
    fail(ErrorKind::data, where,
         ": 'messages': expected the user's question and the assistant's answer at the end");
  }
  question.answer = trimmed(question.before[turns - 1].content);
  question.prompt = question.before[turns - 2].content;
  question.before.resize(turns - 2);
  return question;
}

// Keys that are likely to hold the answer, and do hold something; "answer" before all others.
std::vector<std::string> answer_keys(const Json& json) {
  if (json.contains("answer") && told(json.at("answer"))) return {"answer"};
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) {
    if (told(value) && text::kind_of_key(key) == text::KeyKind::answer) keys.push_back(key);
  }
  return keys;
}

// For a message.
std::string found_keys(const Json& json) {
  constexpr std::size_t kMost = 6;
  std::string text;
  std::size_t count = 0;
  for (const auto& [key, value] : json.items()) {
    if (++count <= kMost) text += cat(count > 1 ? "', '" : "", printable(key));
  }
  return text;
}

Question named_otherwise(const Json& json, const std::string& where) {
  const std::vector<std::string> keys = answer_keys(json);
  if (keys.size() != 1) {
    std::string found;
    for (const std::string& key : keys) found += cat(found.empty() ? "" : "', '", printable(key));
    fail(ErrorKind::data, where, ": ",
         keys.empty() ? cat("no answer (expected 'prompt' and 'answer', or 'messages'; it has '",
                            found_keys(json), "')")
                      : cat("'", found, "' may each be the answer (call the right one 'answer')"));
  }
  const std::optional<std::string> prompt = text::find_prompt(json, "", where);
  if (!prompt) fail(ErrorKind::data, where, ": no question (expected 'prompt' and 'answer')");
  return {*prompt, trimmed(told(json.at(keys[0])).value_or(""))};
}

bool is_plain(const Json& json) {
  return json.contains("prompt") && (json.contains("answer") || answer_keys(json).empty());
}

Question question_from_json(const Json& json, const std::string& where) {
  if (!json.is_object()) fail(ErrorKind::data, where, ": expected an object with an answer");
  Question question = json.contains("messages") ? conversation(json, where)
                      : is_plain(json)          ? plain_question(json, where)
                                                : named_otherwise(json, where);
  if (trimmed(question.prompt).empty() || question.answer.empty()) {
    fail(ErrorKind::data, where, ": question and answer ('prompt', 'answer') must not be empty");
  }
  question.where = where;
  return question;
}

}  // namespace

const std::string& asked(const Question& question, Ask ask) {
  if (ask == Ask::prompt) return question.prompt;
  if (!question.bare.empty()) return question.bare;
  fail(ErrorKind::data, question.where,
       ": has no 'bare' (its input without the instruction), which is to be asked");
}

bool ask_the_same(const Question& first, const Question& second) {
  if (first.before != second.before) return false;
  return first.prompt == second.prompt || (!first.bare.empty() && first.bare == second.bare);
}

std::vector<Question> read_questions(const std::filesystem::path& path) {
  const std::string who = "questions: " + path.string();
  const std::string content = read_text_file(path, kMaxQuestionFile);
  std::vector<Question> questions;
  text::PromptSource source;
  const auto add = [&](const Json& json, const std::string& where) {
    questions.push_back(question_from_json(json, where));
  };
  if (trimmed(content).empty()) fail(ErrorKind::data, who, ": no questions");
  text::for_each_record(content, path, "", who, source, add);
  if (questions.empty()) fail(ErrorKind::data, who, ": no questions");
  return questions;
}

}  // namespace dnd::tasks
