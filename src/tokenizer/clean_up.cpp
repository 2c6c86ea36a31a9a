#include "tokenizer/clean_up.h"

#include <utility>

#include "tokenizer/code_points.h"

namespace dnd::tokenizer {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  if (from.empty()) {
    while (at < text.size()) {
      out += to;
      const std::size_t begin = at;
      decode_at(text, at);
      out.append(text, begin, at - begin);
    }
    out += to;
    text = std::move(out);
    return;
  }
  std::size_t found = text.find(from);
  if (found == std::string::npos) return;
  for (; found != std::string::npos; found = text.find(from, at)) {
    out.append(text, at, found - at);
    out += to;
    at = found + from.size();
  }
  out.append(text, at);
  text = std::move(out);
}

void clean_up(std::string& text, bool contracts_do_not) {
  static constexpr std::pair<std::string_view, std::string_view> kMarks[] = {
      {" .", "."},  {" ?", "?"},     {" !", "!"},  {" ,", ","},
      {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}};
  static constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kMarks) replace_all(text, from, to);
  if (contracts_do_not) replace_all(text, " do not", " don't");
  for (const auto& [from, to] : kShort) replace_all(text, from, to);
}

}  // namespace dnd::tokenizer
