#include "text/prompt_record.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/strings.h"

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

// The first message of the user.
std::string user_turn(const Json& messages, const std::string& where) {
  if (!messages.is_array()) refuse_type(messages, "a list of messages", where);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string here = cat(where, "[", i, "]");
    const Json* role = find_either(messages[i], "role", "from");
    if (role == nullptr || !role->is_string()) {
      fail(ErrorKind::data, here, ": not a message: no 'role' (or 'from')");
    }
    if (*role != "user" && *role != "human") continue;
    const Json* content = find_either(messages[i], "content", "value");
    if (content == nullptr) {
      fail(ErrorKind::data, here, ": the user's message has no 'content' (or 'value')");
    }
    return content_text(*content, here);
  }
  fail(ErrorKind::data, where, ": no message of the user (role 'user' or 'human')");
}

std::string question_text(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) refuse_type(value, "a string or a list of messages", where);
  return user_turn(value, where);
}

using Shape = std::optional<std::string> (*)(const Json& record, const std::string& where);

template <const char* key>
std::optional<std::string> from_column(const Json& record, const std::string& where) {
  const Json* value = find(record, key);
  if (value == nullptr) return std::nullopt;
  return question_text(*value, cat(where, ": ", key));
}

template <const char* key>
std::optional<std::string> from_conversation(const Json& record, const std::string& where) {
  const Json* messages = find(record, key);
  if (messages == nullptr) return std::nullopt;
  return user_turn(*messages, cat(where, ": ", key));
}

std::optional<std::string> from_batch(const Json& record, const std::string& where) {
  const Json* body = find(record, "body");
  if (body == nullptr) return std::nullopt;
  if (const Json* messages = find(*body, "messages")) {
    return user_turn(*messages, where + ": body.messages");
  }
  const Json* prompt = find(*body, "prompt");
  if (prompt == nullptr) return std::nullopt;
  return question_text(*prompt, where + ": body.prompt");
}

std::optional<std::string> from_instruction(const Json& record, const std::string& where) {
  const Json* instruction = find(record, "instruction");
  if (instruction == nullptr) return std::nullopt;
  std::string text = question_text(*instruction, where + ": instruction");
  if (const Json* input = find(record, "input")) {
    const std::string more = question_text(*input, where + ": input");
    if (!more.empty()) text += "\n" + more;
  }
  return text;
}

// The requests of one lm-eval sample share their context, the first argument of each.
std::optional<std::string> from_sample(const Json& record, const std::string& /*where*/) {
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
  return context->get<std::string>();
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
                                           from_column<kContent>,
                                           from_column<kText>};

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

}  // namespace

std::optional<std::string> find_prompt(const Json& object, const std::string& field,
                                       const std::string& where) {
  if (!field.empty()) {
    const Json* value = find_field(object, field);
    if (value == nullptr) return std::nullopt;
    return question_text(*value, cat(where, ": ", printable(field)));
  }
  for (const Shape shape : kShapes) {
    if (auto prompt = shape(object, where)) return prompt;
  }
  return std::nullopt;
}

PromptRecord read_prompt_record(const Json& record, const std::string& field,
                                const std::string& where) {
  if (record.is_string() && field.empty()) return {std::nullopt, record.get<std::string>()};
  if (!record.is_object()) refuse_type(record, "a record (an object)", where);
  auto prompt = find_prompt(record, field, where);
  if (!prompt) refuse_shape(record, field, where);
  PromptRecord out{std::nullopt, *std::move(prompt)};
  if (const Json* task = find(record, "task")) {
    if (!task->is_string()) refuse_type(*task, "a string", where + ": task");
    out.task = task->get<std::string>();
  }
  return out;
}

}  // namespace dnd::text
