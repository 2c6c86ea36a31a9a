// Chat templates: a model's Jinja program that makes the text of its prompt from messages.
//
// The text is the one that transformers' apply_chat_template(messages, tokenize=False) gives, or the
// template is refused with the construct that is not supported. What a template computes is bounded
// (renderer_process.h).
#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "chat/renderer_process.h"

namespace dnd::chat {

struct Message {
  std::string role;  // system, user, assistant, or what else the template knows
  std::string content;
};

// The special tokens that a template sees by name: {"bos_token", "<s>"}. A token that the model does not
// have is left out.
using TokenStrings = std::map<std::string, std::string>;

struct RenderOptions {
  // Ends with the beginning of an answer.
  bool add_generation_prompt = false;
  // Further variables, e.g. {"enable_thinking": false}. One named as a token takes its place. `messages`
  // and `add_generation_prompt` cannot be among them.
  Json variables = Json::object();
  // What strftime_now says, in local time; empty: the present.
  std::optional<std::time_t> now;
};

class Template {
 public:
  // `who` begins messages, e.g. "base: Qwen2.5/tokenizer_config.json: chat_template". Throws Error(data)
  // for a source that is too long, not UTF-8 or not Jinja, Error(unavailable) where no renderer can be
  // started.
  Template(const std::string& source, TokenStrings tokens, std::string who,
           const Limits& limits = {});
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // Throws Error(data) where the template refuses the messages (raise_exception: its own words), uses what
  // is not supported or passes its limits, Error(usage) for no messages or bad options. One that failed by
  // its limits does not harm the next. Calls from several threads wait for one another.
  std::string render(std::span<const Message> messages, const RenderOptions& options = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dnd::chat
