#include "text/prompt_record.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "text/record_keys.h"
#include "text/transcript.h"

namespace dnd::text {
namespace {

constexpr std::string_view kAccepted =
    "prompt, messages, conversations, instruction (+ input), question, problem, query, input, "
    "content, text, an OpenAI batch body or lm-eval arguments";

constexpr std::size_t kMostKeys = 12;  // named in a message

// The value of a key, nullptr if `object` is no object, lacks the key or holds null there.
const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(key));
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json* find_either(const Json& object, std::string_view key, std::string_view other) {
  const Json* value = find(object, key);
  return value != nullptr ? value : find(object, other);
}

[[noreturn]] void refuse_type(const Json& value, std::string_view expected,
                              const std::string& where) {
  fail(ErrorKind::data, where, ": expected ", expected, ", got ", value.type_name());
}

// A message's content: text, or the text parts of a list; parts without text (images) drop out.
std::string content_text(const Json& content, const std::string& where) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) refuse_type(content, "a string or a list of parts", where);
  std::string joined;
  for (const Json& part : content) {
    const Json* text = part.is_string() ? &part : find(part, "text");
    if (text == nullptr || !text->is_string()) continue;
    if (!joined.empty()) joined += '\n';
    joined += text->get<std::string>();
  }
  return joined;
}

// A question, and whence.
struct Found {
  std::string text;
  std::string field = {};                    // as a message calls it
  std::vector<std::string_view> keys = {};   // of the record, that it was taken from
  std::vector<std::string_view> parts = {};  // of a conversation, that were left out
  bool cut = false;                          // an answer was left out
};

bool has_role(const Json& role, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) { return role == name; });
}

// Parts of a conversation but its first question.
void note_parts(const Json& messages, std::size_t question, Found& found) {
  bool system = false;
  bool replies = false;
  bool later = false;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json* role = find_either(messages[i], "role", "from");
    if (role == nullptr || i == question) continue;
    const bool user = has_role(*role, {"user", "human"});
    const bool by_system = has_role(*role, {"system", "developer"});
    system = system || by_system;
    later = later || user;
    replies = replies || (!user && !by_system);
  }
  if (system) found.parts.push_back("system text");
  if (replies) found.parts.push_back("replies");
  if (later) found.parts.push_back("later turns");
}

// The first message of the user.
Found user_turn(const Json& messages, const std::string& where) {
  if (!messages.is_array()) refuse_type(messages, "a list of messages", where);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string here = cat(where, "[", i, "]");
    const Json* role = find_either(messages[i], "role", "from");
    if (role == nullptr || !role->is_string()) {
      fail(ErrorKind::data, here, ": not a message: no 'role' (or 'from')");
    }
    if (!has_role(*role, {"user", "human"})) continue;
    const Json* content = find_either(messages[i], "content", "value");
    if (content == nullptr) {
      fail(ErrorKind::data, here, ": the user's message has no 'content' (or 'value')");
    }
    Found found{content_text(*content, here)};
    note_parts(messages, i, found);
    return found;
  }
  fail(ErrorKind::data, where, ": no message of the user (role 'user' or 'human')");
}

Found question_text(const Json& value, const std::string& where) {
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array()) refuse_type(value, "a string or a list of messages", where);
  return user_turn(value, where);
}

Found named(Found found, std::string field, std::vector<std::string_view> keys) {
  found.field = std::move(field);
  found.keys = std::move(keys);
  return found;
}

using Shape = std::optional<Found> (*)(const Json& record, const std::string& where);

template <const char* key>
std::optional<Found> from_column(const Json& record, const std::string& where) {
  const Json* value = find(record, key);
  if (value == nullptr) return std::nullopt;
  return named(question_text(*value, cat(where, ": ", key)), key, {key});
}

// A text that may hold more than the question: of one written with marks the question alone.
template <const char* key>
std::optional<Found> from_text(const Json& record, const std::string& where) {
  auto found = from_column<key>(record, where);
  if (!found) return std::nullopt;
  if (auto question = question_of_transcript(found->text)) {
    found->text = *std::move(question);
    found->cut = true;
  }
  return found;
}

template <const char* key>
std::optional<Found> from_conversation(const Json& record, const std::string& where) {
  const Json* messages = find(record, key);
  if (messages == nullptr) return std::nullopt;
  return named(user_turn(*messages, cat(where, ": ", key)), key, {key});
}

std::optional<Found> from_batch(const Json& record, const std::string& where) {
  const Json* body = find(record, "body");
  if (body == nullptr) return std::nullopt;
  if (const Json* messages = find(*body, "messages")) {
    return named(user_turn(*messages, where + ": body.messages"), "body.messages", {"body"});
  }
  const Json* prompt = find(*body, "prompt");
  if (prompt == nullptr) return std::nullopt;
  return named(question_text(*prompt, where + ": body.prompt"), "body.prompt", {"body"});
}

std::optional<Found> from_instruction(const Json& record, const std::string& where) {
  const Json* instruction = find(record, "instruction");
  if (instruction == nullptr) return std::nullopt;
  Found found = named(question_text(*instruction, where + ": instruction"), "instruction",
                      {"instruction", "input"});
  if (const Json* input = find(record, "input")) {
    const std::string more = question_text(*input, where + ": input").text;
    found.field += " + input";
    if (!more.empty()) found.text += "\n" + more;
  }
  return found;
}

// The requests of one lm-eval sample share their context, the first argument of each.
std::optional<Found> from_sample(const Json& record, const std::string& /*where*/) {
  const Json* arguments = find(record, "arguments");
  if (arguments == nullptr) return std::nullopt;
  const Json* context = nullptr;
  if (const Json* request = find(*arguments, "gen_args_0")) {
    context = find(*request, "arg_0");
  } else if (arguments->is_array() && !arguments->empty() && arguments->front().is_array() &&
             !arguments->front().empty()) {
    context = &arguments->front().front();
  }
  // Anything else under this name is somebody else's field, e.g. a function call's arguments.
  if (context == nullptr || !context->is_string()) return std::nullopt;
  return named({context->get<std::string>()}, "arguments", {"arguments"});
}

constexpr char kPrompt[] = "prompt";
constexpr char kMessages[] = "messages";
constexpr char kConversations[] = "conversations";
constexpr char kQuestion[] = "question";
constexpr char kProblem[] = "problem";
constexpr char kQuery[] = "query";
constexpr char kInput[] = "input";
constexpr char kContent[] = "content";
constexpr char kText[] = "text";

constexpr std::array<Shape, 12> kShapes = {from_column<kPrompt>,
                                           from_batch,
                                           from_conversation<kMessages>,
                                           from_conversation<kConversations>,
                                           from_instruction,
                                           from_sample,
                                           from_column<kQuestion>,
                                           from_column<kProblem>,
                                           from_column<kQuery>,
                                           from_column<kInput>,
                                           from_text<kContent>,
                                           from_text<kText>};

const Json* find_field(const Json& object, std::string_view field) {
  if (const Json* value = find(object, field)) return value;
  const std::size_t dot = field.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const Json* inner = find(object, field.substr(0, dot));
  return inner == nullptr ? nullptr : find_field(*inner, field.substr(dot + 1));
}

std::string key_list(const Json& record) {
  std::string list;
  std::size_t count = 0;
  for (const auto& [key, value] : record.items()) {
    if (count++ == kMostKeys) return list + ", ...";
    list += (list.empty() ? "'" : ", '") + printable(key) + "'";
  }
  return list.empty() ? "no key at all" : list;
}

[[noreturn]] void refuse_shape(const Json& record, const std::string& field,
                               const std::string& where) {
  if (!field.empty()) {
    fail(ErrorKind::data, where, ": no field '", printable(field), "' in this record; it has ",
         key_list(record));
  }
  fail(ErrorKind::data, where, ": no prompt found in this record; it has ", key_list(record),
       "; known are ", kAccepted, "; name another field with --field");
}

std::optional<Found> find_question(const Json& object, const std::string& field,
                                   const std::string& where) {
  if (!field.empty()) {
    const Json* value = find_field(object, field);
    if (value == nullptr) return std::nullopt;
    const std::string_view whole = field;
    const bool nested = find(object, field) == nullptr;
    return named(question_text(*value, cat(where, ": ", printable(field))), field,
                 {nested ? whole.substr(0, whole.find('.')) : whole});
  }
  for (const Shape shape : kShapes) {
    if (auto found = shape(object, where)) return found;
  }
  return std::nullopt;
}

bool holds_nothing(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.is_null() || (value.is_structured() && value.empty());
}

void note_left_out(const Json& record, const Found& found, PromptSource& source) {
  for (const std::string_view part : found.parts) source.leave_part(part);
  for (const auto& [key, value] : record.items()) {
    const bool used =
        key == "task" || std::find(found.keys.begin(), found.keys.end(), key) != found.keys.end();
    if (!used && !holds_nothing(value)) source.leave(key);
  }
}

// The texts that a value of an answer's key may stand for: "4", 4, ["4", "four"], {"text": ["4"]}.
std::vector<std::string> answers_in(const Json& value) {
  if (value.is_string()) return {trimmed(value.get_ref<const std::string&>())};
  if (value.is_number() || value.is_boolean()) return {json_line(value)};
  if (const Json* text = find(value, "text")) return answers_in(*text);
  std::vector<std::string> answers;
  if (!value.is_array()) return answers;
  for (const Json& each : value) {
    if (each.is_string()) answers.push_back(trimmed(each.get_ref<const std::string&>()));
    if (each.is_number()) answers.push_back(json_line(each));
  }
  return answers;
}

// Where an answer of the record's ends `text`, as a word; else 0.
std::size_t answer_at(const Json& record, std::string_view text) {
  text = text.substr(0, text.find_last_not_of(kBlank) + 1);
  for (const auto& [key, value] : record.items()) {
    if (kind_of_key(key) != KeyKind::answer) continue;
    for (const std::string& answer : answers_in(value)) {
      if (answer.empty() || answer.size() >= text.size() || !text.ends_with(answer)) continue;
      const std::size_t at = text.size() - answer.size();
      if (kBlank.find(text[at - 1]) != std::string_view::npos) return at;
    }
  }
  return 0;
}

// The role of a message that stands alone as a record, of another than the user; nullptr: it is none.
const Json* others_role(const Json& record) {
  const Json* role = find_either(record, "role", "from");
  const bool has_text = find(record, kContent) != nullptr || find(record, kText) != nullptr;
  const bool is_message = role != nullptr && role->is_string() && has_text;
  return is_message && !has_role(*role, {"user", "human", "prompter"}) ? role : nullptr;
}

bool may_hold_answer(const Found& found) {
  return !found.cut && (found.field == kText || found.field == kContent);
}

}  // namespace

std::optional<std::string> find_prompt(const Json& object, const std::string& field,
                                       const std::string& where) {
  auto found = find_question(object, field, where);
  if (!found) return std::nullopt;
  return std::move(found->text);
}

PromptRecord read_prompt_record(const Json& record, const std::string& field,
                                const std::string& where, PromptSource& source) {
  if (record.is_string() && field.empty()) {
    source.take("");
    return {std::nullopt, record.get<std::string>()};
  }
  if (!record.is_object()) refuse_type(record, "a record (an object)", where);
  if (const Json* role = others_role(record); field.empty() && role != nullptr) {
    source.leave_part(has_role(*role, {"system", "developer"}) ? "system text" : "replies");
    return {.task = std::nullopt, .prompt = "", .answer_at = 0, .is_reply = true};
  }
  auto found = find_question(record, field, where);
  if (!found) refuse_shape(record, field, where);
  source.take(found->field);
  if (found->cut) ++source.cut;
  note_left_out(record, *found, source);
  PromptRecord out{std::nullopt, std::move(found->text)};
  if (field.empty() && may_hold_answer(*found)) out.answer_at = answer_at(record, out.prompt);
  if (const Json* task = find(record, "task")) {
    if (!task->is_string()) refuse_type(*task, "a string", where + ": task");
    out.task = task->get<std::string>();
  }
  return out;
}

}  // namespace dnd::text
