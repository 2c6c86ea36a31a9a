#include "white_space.h"

#include <optional>
#include <string>
#include <string_view>

#include "python_text.h"

namespace dnd::renderer {
namespace {

using jinja::token;

bool is_block(const token& tag) {
  return tag.t == token::open_statement || tag.t == token::comment;
}

// "{%-", "{{-" or "{#-"
bool strips_before(const token& tag) {
  if (tag.t == token::comment) return !tag.value.empty() && tag.value.front() == '-';
  return (tag.t == token::open_statement || tag.t == token::open_expression) &&
         tag.value.back() == '-';
}

bool strips_behind(const token& tag) {
  if (tag.t == token::comment) return !tag.value.empty() && tag.value.back() == '-';
  return (tag.t == token::close_statement || tag.t == token::close_expression) &&
         tag.value.front() == '-';
}

// Without the white space that alone stands between the beginning of the last line and a tag.
void strip_line(std::string& text, bool begins_line) {
  const std::size_t end = text.rfind('\n');
  if (end == std::string::npos && !begins_line) return;
  const std::size_t line = end == std::string::npos ? 0 : end + 1;
  if (stripped(std::string_view(text).substr(line), true, false, std::nullopt).empty())
    text.resize(line);
}

}  // namespace

void strip_white_space(jinja::lexer_result& lexed) {
  auto& tokens = lexed.tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    token& text = tokens[i];
    if (text.t != token::text) continue;
    const token* before = i > 0 ? &tokens[i - 1] : nullptr;
    const token* behind = i + 1 < tokens.size() ? &tokens[i + 1] : nullptr;
    // A line end behind a tag is not in the text any more.
    const bool begins_line = before == nullptr || lexed.source[text.pos] == '\n';
    if (behind != nullptr && is_block(*behind)) strip_line(text.value, begins_line);
    const bool left = before != nullptr && strips_behind(*before);
    const bool right = behind != nullptr && strips_before(*behind);
    text.value = stripped(text.value, left, right, std::nullopt);
  }
}

}  // namespace dnd::renderer
