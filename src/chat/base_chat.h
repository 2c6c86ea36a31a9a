// How a question becomes the text that a base model is asked: by a chat template, or as it is.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/json.h"
#include "chat/template.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::chat {

struct ChatOptions {
  std::string mode = "auto";  // "auto": the base's own template where it has one; "none"; or a file
  // A first message of this role; without one, what the template itself says.
  std::optional<std::string> system = {};
};

// What stands between a question and its answer where no template says it.
inline std::string answer_gap(const std::string& question) {
  const bool open = !question.empty() && (question.back() == ' ' || question.back() == '\n');
  return open ? "" : " ";
}

// Calls from several threads wait for one another.
class BaseChat {
 public:
  // `base`: read from `who`, which begins messages. Of several templates the one without a name. Says what
  // is used (info). Throws Error(usage) for a system text that no template takes, Error(no_input) for a
  // file that is not there, Error(data) as Template does.
  BaseChat(const tokenizer::FolderTokenizer& base, const std::string& who,
           const ChatOptions& options);

  bool has_template() const { return template_ != nullptr; }

  // Up to where the answer begins. Without a template the question itself. A text that a template made has
  // its own markers: LanguageModel::put_markers(false). `system` comes in the place of the options'. Throws
  // Error(data) where the template refuses the messages, Error(usage) as require_template_for().
  std::string prompt_of(const std::string& question,
                        const std::optional<std::string>& system = {}) const;
  // Needs a template; the system text comes first unless the messages begin with one.
  std::string prompt_of(std::span<const Message> messages) const;

  // The text of a whole conversation, the last answer with what ends it included. Needs a template; otherwise
  // as prompt_of().
  std::string text_of(std::span<const Message> messages) const;

  // Throws Error(usage), which begins with `what`, where no template takes a system text.
  void require_template_for(const std::string& what) const;

  // For results: {"template": "own", "none" or the file, "sha256" of its source, "system"}.
  Json record() const;

 private:
  std::string render(std::span<const Message> messages, bool answer_follows) const;

  ChatOptions options_;
  std::string who_;
  std::string sha256_;
  std::unique_ptr<Template> template_;
};

}  // namespace dnd::chat
