#include "chat/template.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/strings.h"
#include "tokenizer/chat_templates.h"

namespace dnd::chat {
namespace {

// What went wrong and where, of an answer that is not a text.
[[noreturn]] void fail_with(const std::string& who, const Json& answer) {
  if (answer.contains("raised")) {
    fail(ErrorKind::data, who,
         ": refuses these messages: ", printable(answer["raised"].get<std::string>()));
  }
  const std::string where =
      answer.contains("line") ? cat("line ", answer["line"].get<std::int64_t>(), ": ") : "";
  fail(ErrorKind::data, who, ": ", where, printable(answer.at("refused").get<std::string>()),
       " (not supported here, or the template's own mistake)");
}

void check_utf8(const std::string& who, std::string_view what, const std::string& text) {
  if (!is_valid_utf8(text)) fail(ErrorKind::data, who, ": ", what, " is not UTF-8");
}

}  // namespace

struct Template::State {
  std::string source, who;
  TokenStrings tokens;
  Limits limits;
  std::mutex mutex;
  std::unique_ptr<RendererProcess> process;  // null: to be started
  int texts = 0;                             // that it rendered

  RendererProcess& started();
};

// A process that knows the template. It is changed now and then, so that no template gathers memory in it.
RendererProcess& Template::State::started() {
  constexpr int kTextsOfAProcess = 1000;
  if (process != nullptr && texts++ < kTextsOfAProcess) return *process;
  process.reset();
  auto fresh = std::make_unique<RendererProcess>(renderer_path(), who, limits);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits.time).count();
  const Json answer = fresh->ask(
      {{"source", source},
       {"limits", {{"seconds", seconds}, {"memory", limits.memory}, {"text", limits.text}}}});
  if (!answer.empty()) fail_with(who, answer);
  texts = 1;
  process = std::move(fresh);
  return *process;
}

Template::Template(const std::string& source, TokenStrings tokens, std::string who,
                   const Limits& limits)
    : state_(std::make_unique<State>()) {
  if (source.size() > limits.source) {
    fail(ErrorKind::data, who, ": a chat template of ", source.size(), " bytes, at most ",
         limits.source, " are read");
  }
  check_utf8(who, "the chat template", source);
  for (const auto& [name, token] : tokens) check_utf8(who, name, token);
  state_->source = tokenizer::with_plain_line_ends(source);  // as Jinja2 does
  state_->who = std::move(who);
  state_->tokens = std::move(tokens);
  state_->limits = limits;
  state_->started();
}

Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

namespace {

Json variables_of(std::span<const Message> messages, const TokenStrings& tokens,
                  const RenderOptions& options, const std::string& who) {
  if (messages.empty()) fail(ErrorKind::usage, who, ": no messages to render");
  if (!options.variables.is_object())
    fail(ErrorKind::usage, who, ": the variables are not a JSON object");
  Json out = {{"tools", nullptr}, {"documents", nullptr}};
  for (const auto& [name, token] : tokens) out[name] = token;
  for (const auto& [name, held] : options.variables.items()) {
    if (name == "messages" || name == "add_generation_prompt") {
      fail(ErrorKind::usage, who, ": the variable '", name, "' is not to be given");
    }
    out[name] = held;
  }
  Json& list = out["messages"] = Json::array();
  for (const Message& message : messages) {
    check_utf8(who, "a message's role", message.role);
    check_utf8(who, "a message", message.content);
    list.push_back({{"role", message.role}, {"content", message.content}});
  }
  out["add_generation_prompt"] = options.add_generation_prompt;
  return out;
}

}  // namespace

std::string Template::render(std::span<const Message> messages,
                             const RenderOptions& options) const {
  State& state = *state_;
  const Json variables = variables_of(messages, state.tokens, options, state.who);
  const std::time_t now = options.now ? *options.now : std::time(nullptr);
  const std::lock_guard<std::mutex> lock(state.mutex);
  try {
    Json answer = state.started().ask({{"variables", variables}, {"now", now}});
    if (!answer.contains("text")) fail_with(state.who, answer);
    return std::move(answer["text"].get_ref<std::string&>());
  } catch (const Error&) {
    if (state.process != nullptr && !state.process->is_running()) state.process.reset();
    throw;
  }
}

}  // namespace dnd::chat
