#include "chat/base_chat.h"

#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd::chat {
namespace {

constexpr const char* kAuto = "auto";
constexpr const char* kNone = "none";
constexpr std::size_t kMaxSource = std::size_t{1} << 20U;

// What the template's text is; nullopt: none is used.
std::optional<std::string> source_of(const tokenizer::FolderTokenizer& base,
                                     const std::string& mode) {
  if (mode == kNone) return std::nullopt;
  if (mode != kAuto) return read_text_file(mode, kMaxSource);
  for (const tokenizer::ChatTemplate& each : base.chat_templates) {
    if (each.name == "default") return each.source;
  }
  return std::nullopt;
}

}  // namespace

BaseChat::BaseChat(const tokenizer::FolderTokenizer& base, const std::string& who,
                   const ChatOptions& options)
    : options_(options), who_(who) {
  const std::optional<std::string> source = source_of(base, options.mode);
  if (!source) {
    if (options.system) require_template_for("--system");
    return;
  }
  const bool own = options.mode == kAuto;
  if (own) log_info(cat(who, ": asked by its own chat template (--chat none: without)"));
  Sha256 hash;
  hash.update(*source);
  sha256_ = hash.hex();
  const TokenStrings tokens(base.special_tokens.begin(), base.special_tokens.end());
  template_ = std::make_unique<Template>(
      *source, tokens, own ? who + ": chat template" : "chat template " + options.mode);
}

void BaseChat::require_template_for(const std::string& what) const {
  if (template_) return;
  fail(ErrorKind::usage, what, ": ",
       options_.mode == kNone
           ? "--chat none has no place for it"
           : who_ + " has no chat template that takes it (--chat FILE gives one)");
}

std::string BaseChat::prompt_of(const std::string& question,
                                const std::optional<std::string>& system) const {
  if (system) require_template_for("system text");
  if (!template_) return question;
  std::vector<Message> messages;
  if (system) messages.push_back({"system", *system});
  messages.push_back({"user", question});
  return prompt_of(messages);
}

std::string BaseChat::prompt_of(std::span<const Message> messages) const {
  return render(messages, true);
}

std::string BaseChat::text_of(std::span<const Message> messages) const {
  return render(messages, false);
}

std::string BaseChat::render(std::span<const Message> messages, bool answer_follows) const {
  if (!template_) fail(ErrorKind::usage, "messages need a chat template");
  std::vector<Message> all(messages.begin(), messages.end());
  if (options_.system && (all.empty() || all[0].role != "system")) {
    all.insert(all.begin(), {"system", *options_.system});
  }
  RenderOptions options;
  options.add_generation_prompt = answer_follows;
  return template_->render(all, options);
}

Json BaseChat::record() const {
  if (!template_) return {{"template", kNone}};
  Json json = {{"template", options_.mode == kAuto ? "own" : options_.mode}, {"sha256", sha256_}};
  if (options_.system) json["system"] = *options_.system;
  return json;
}

}  // namespace dnd::chat
