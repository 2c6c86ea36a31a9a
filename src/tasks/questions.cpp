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

Question plain_question(const Json& json, const std::string& where) {
  JsonObject object(json, where);
  Question question{object.text("prompt"), trimmed(object.text("answer"))};
  question.choices = read_choices(object, question.answer);
  question.bare = object.text_or("bare", "");
  for (const char* unread : {"wording", "layout"}) object.has(unread);
  object.refuse_unknown_keys();
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

// Keys that are likely to hold the answer, and do hold something.
std::vector<std::string> answer_keys(const Json& json) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) {
    const bool told = value.is_string() || value.is_number() || value.is_boolean();
    if (told && text::kind_of_key(key) == text::KeyKind::answer) keys.push_back(key);
  }
  return keys;
}

Question named_otherwise(const Json& json, const std::string& where) {
  const std::vector<std::string> keys = answer_keys(json);
  if (keys.size() != 1) {
    std::string found;
    for (const std::string& key : keys) found += cat(found.empty() ? "" : "', '", printable(key));
    fail(ErrorKind::data, where, ": ",
         keys.empty() ? std::string("no answer (expected 'prompt' and 'answer', or 'messages')")
                      : cat("'", found, "' may each be the answer (call the right one 'answer')"));
  }
  const std::optional<std::string> prompt = text::find_prompt(json, "", where);
  if (!prompt) fail(ErrorKind::data, where, ": no question (expected 'prompt' and 'answer')");
  const Json& answer = json.at(keys[0]);
  return {*prompt, trimmed(answer.is_string() ? answer.get<std::string>() : answer.dump())};
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
