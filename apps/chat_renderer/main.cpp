// dnd-chat-renderer: renders one chat template, for chat/template.h, in a process of its own: templates are
// hostile input, and the engine has no bounds. Reads and writes frames (chat/frame.h) on its standard input
// and output.
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "chat/frame.h"
#include "limits.h"
#include "operations.h"
#include "rewrite.h"
#include "white_space.h"

namespace dnd::renderer {
namespace {

// False at the end of the input.
bool read_all(char* into, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::read(STDIN_FILENO, into, size);
    if (count <= 0) return false;
    into += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool write_all(const char* from, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(STDOUT_FILENO, from, size);
    if (count <= 0) return false;
    from += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool read_frame(Json& message) {
  chat::FrameLength length = 0;
  if (!read_all(reinterpret_cast<char*>(&length), sizeof(length))) return false;
  std::string text(length, '\0');
  if (!read_all(text.data(), text.size())) return false;
  message = Json::parse(text);
  return true;
}

bool write_frame(const Json& message) {
  const std::string text = message.dump();
  const chat::FrameLength length = text.size();
  return write_all(reinterpret_cast<const char*>(&length), sizeof(length)) &&
         write_all(text.data(), text.size());
}

struct Template {
  std::string source;
  Body body;
  std::uint64_t seconds;
  std::size_t longest;
};

// The engine's lexer takes the first character of a template for white space before a tag, if only blanks
// are between. A comment before it keeps it, and a line end after that, which the comment takes, one at the
// beginning.
std::string guarded(const std::string& source) {
  if (source.empty() || std::string_view("{ \t\v\f").find(source[0]) != std::string::npos)
    return source;
  return (source[0] == '\n' ? "{##}\n" : "{##}") + source;
}

Template parse(const Json& request) {
  const Json& limits = request.at("limits");
  jinja::lexer lexer;
  jinja::lexer_result tokens = lexer.tokenize(guarded(request.at("source").get<std::string>()));
  strip_white_space(tokens);
  return {request.at("source").get<std::string>(),
          rewrite(jinja::parse_from_tokens(tokens), tokens),
          limits.at("seconds").get<std::uint64_t>(), limits.at("text").get<std::size_t>()};
}

Json render(const Template& chat_template, const Json& request) {
  context scope;
  add_functions(scope, request.at("now").get<std::time_t>());
  for (const auto& [name, held] : request.at("variables").items())
    scope.set_val(name, from_json(held));
  std::string text = run(chat_template.body, scope);
  if (text.size() > chat_template.longest)
    refuse("a text of " + std::to_string(text.size()) + " bytes");
  return {{"text", std::move(text)}};
}

// The last line of what the engine says: above it is the place, with the source around it.
std::string engine_reason(const std::string& said) {
  const std::size_t error = said.rfind("Error: ");
  if (error != std::string::npos && said.rfind("\n---", 0) == 0) return said.substr(error + 7);
  return said.substr(0, said.find('\n'));
}

Json refusal(const std::string& what, const std::string& source, std::size_t position) {
  Json out = {{"refused", what}};
  if (position != kNowhere) {
    const std::string before = guarded(source).substr(0, position);
    const bool added = !source.empty() && source[0] == '\n';
    out["line"] = (added ? 0 : 1) + std::count(before.begin(), before.end(), '\n');
  }
  return out;
}

// What `make` gives, or why it gives nothing.
template <typename Make>
Json answer(const std::string& source, const Make& make) {
  try {
    return make();
  } catch (const Refusal& found) {
    return refusal(found.what, source, found.position);
  } catch (const Raised& raised) {
    return {{"raised", raised.message}};
  } catch (const std::exception& error) {
    return refusal(engine_reason(error.what()), source, kNowhere);
  }
}

bool serve() {
  Json request;
  if (!read_frame(request)) return true;
  limit_process(request.at("limits").at("memory").get<std::uint64_t>());
  limit_time(request.at("limits").at("seconds").get<std::uint64_t>());
  std::unique_ptr<Template> chat_template;
  const Json parsed = answer(request.at("source").get<std::string>(), [&] {
    chat_template = std::make_unique<Template>(parse(request));
    return Json::object();
  });
  if (!write_frame(parsed) || chat_template == nullptr) return true;
  while (read_frame(request)) {
    limit_time(chat_template->seconds);
    if (!write_frame(
            answer(chat_template->source, [&] { return render(*chat_template, request); })))
      break;
  }
  return true;
}

}  // namespace
}  // namespace dnd::renderer

int main() {
  try {
    dnd::renderer::serve();
    return 0;
  } catch (const std::exception&) {
    return static_cast<int>(dnd::chat::RendererExit::protocol);
  }
}
