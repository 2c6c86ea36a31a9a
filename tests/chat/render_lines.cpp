// render_lines: one JSON object a line in: "source", "tokens", "messages", "add_generation_prompt",
// "variables", "now" (all but the first two and "messages" may be left out); one a line out: "text", or
// "error".
#include <iostream>
#include <map>
#include <string>

#include "base/json.h"
#include "chat/template.h"
#include "dnd/error.h"

namespace {

using dnd::Json;

std::string render(const dnd::chat::Template& chat_template, const Json& line) {
  std::vector<dnd::chat::Message> messages;
  for (const Json& message : line.at("messages")) {
    messages.push_back({message.at("role"), message.at("content")});
  }
  dnd::chat::RenderOptions options;
  options.add_generation_prompt = line.value("add_generation_prompt", false);
  options.variables = line.value("variables", Json::object());
  if (line.contains("now")) options.now = line["now"].get<std::time_t>();
  return chat_template.render(messages, options);
}

}  // namespace

int main() {
  std::string source;
  std::unique_ptr<dnd::chat::Template> chat_template;
  for (std::string text; std::getline(std::cin, text);) {
    Json out = Json::object();
    try {
      const Json line = dnd::parse_json(text, "line");
      if (chat_template == nullptr || line.at("source") != source) {
        chat_template.reset();
        source = line.at("source");
        chat_template = std::make_unique<dnd::chat::Template>(
            source, line.at("tokens").get<dnd::chat::TokenStrings>(), "template");
      }
      out["text"] = render(*chat_template, line);
    } catch (const dnd::Error& error) {
      out["error"] = error.what();
    }
    std::cout << dnd::json_line(out) << '\n' << std::flush;
  }
  return 0;
}
