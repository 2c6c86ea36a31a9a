#include "adapter/python_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/strings.h"

namespace dnd::adapter {
namespace {

using Kind = PythonExpression::Kind;

// Expressions come from strangers: short, and matched in few steps.
constexpr std::size_t kLongestExpression = 2048;
constexpr std::size_t kLongestSubject = 1024;
constexpr std::string_view kFewSteps = "(*LIMIT_MATCH=100000)";
constexpr std::int64_t kLargestCount = 1000;
constexpr std::size_t kLongestGroupName = 32;  // PCRE2's

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_any_of(char c, std::string_view list) { return list.find(c) != list.npos; }

// Reads an expression as Python does and writes it in PCRE2's words.
class PythonReader {
 public:
  explicit PythonReader(std::string_view text) : text_(text) {}

  Kind read() {
    while (kind_ == Kind::understood && at_ < text_.size()) read_next();
    if (kind_ == Kind::understood && depth_ > 0) kind_ = Kind::invalid;
    return kind_;
  }
  const std::string& written() const { return written_; }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return text_.substr(at_); }
  void stop(Kind kind) { kind_ = kind; }
  // Takes `count` bytes as they are.
  void take(std::size_t count, bool repeatable) {
    written_ += text_.substr(at_, count);
    at_ += count;
    repeatable_ = repeatable;
  }

  void read_next() {
    const char c = peek();
    if (c == '\\') return read_escape(false);
    if (c == '[') return read_set();
    if (c == '(') return read_group();
    if (c == '{') return read_count();
    if (is_any_of(c, "*+?")) return read_repeat(std::string(1, c), 1);
    if (c == ')') {
      if (depth_ == 0) return stop(Kind::invalid);
      --depth_;
    }
    take(1, !is_any_of(c, "|^$"));
  }

  // `count` bytes are a quantifier. Python repeats none: "?" and "+" alone may follow one.
  void read_repeat(const std::string& quantifier, std::size_t count) {
    if (!repeatable_) return stop(Kind::invalid);
    written_ += quantifier;
    at_ += count;
    if (peek() == '?' || peek() == '+') take(1, false);
    repeatable_ = false;
  }

  // "{2}", "{2,}", "{,3}"; anything else is a brace that stands for itself.
  void read_count() {
    const std::size_t end = rest().find('}');
    const std::string_view inside = end == text_.npos ? "" : rest().substr(1, end - 1);
    const std::size_t comma = inside.find(',');
    const std::string_view low = inside.substr(0, comma);
    const std::string_view high = comma == inside.npos ? low : inside.substr(comma + 1);
    if (inside.empty() || !std::all_of(low.begin(), low.end(), is_digit) ||
        !std::all_of(high.begin(), high.end(), is_digit)) {
      written_ += '\\';
      return take(1, true);
    }
    const std::int64_t least = number(low, 0);
    const std::int64_t most = number(high, kLargestCount);
    if (!repeatable_ || most < least) return stop(Kind::invalid);
    if (least > kLargestCount || most > kLargestCount) return stop(Kind::unknown);
    read_repeat(high.empty() ? cat("{", least, ",}") : cat("{", least, ",", most, "}"), end + 1);
  }

  static std::int64_t number(std::string_view digits, std::int64_t otherwise) {
    if (digits.empty()) return otherwise;
    std::int64_t value = 0;
    const auto error = std::from_chars(digits.data(), digits.data() + digits.size(), value).ec;
    return error == std::errc() ? value : kLargestCount + 1;
  }

  void read_group() {
    constexpr std::array<std::string_view, 6> kGroups = {"(?:",  "(?=",  "(?!",
                                                         "(?<=", "(?<!", "(?>"};
    for (const std::string_view group : kGroups) {
      if (rest().starts_with(group)) return open(group.size());
    }
    if (rest().starts_with("(?#")) return skip_comment();
    if (rest().starts_with("(?P")) return read_named();
    if (rest().starts_with("(?(")) return stop(Kind::unknown);
    if (rest().starts_with("(?")) return read_flags();
    open(1);
  }

  void open(std::size_t count) {
    ++depth_;
    take(count, false);
  }

  void skip_comment() {
    const std::size_t end = rest().find(')');
    if (end == text_.npos) return stop(Kind::invalid);
    at_ += end + 1;
  }

  // "(?P<name>" and "(?P=name)".
  void read_named() {
    const bool opens = peek(3) == '<';
    if (!opens && peek(3) != '=') return stop(Kind::invalid);
    const std::size_t end = rest().find(opens ? '>' : ')');
    if (end == text_.npos || end == 4 || is_digit(peek(4))) return stop(Kind::invalid);
    const std::string_view name = rest().substr(4, end - 4);
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
    if (!plain || name.size() > kLongestGroupName) return stop(Kind::unknown);
    opens ? open(end + 1) : take(end + 1, true);
  }

  // "(?i)" for the whole, at its beginning alone, and "(?i:...)" for a part.
  void read_flags() {
    std::size_t end = 2;
    while (is_any_of(peek(end), "aiLmsux-") && peek(end) != '\0') ++end;
    const char after = peek(end);
    if (end == 2 || (after != ')' && after != ':')) return stop(Kind::invalid);
    const std::string_view flags = rest().substr(2, end - 2);
    if (flags.find_first_not_of("ims-") != flags.npos) return stop(Kind::unknown);
    if (after == ':') return open(end + 1);
    if (at_ > 0 || flags.find('-') != flags.npos) return stop(Kind::unknown);
    take(end + 1, false);
  }

  void read_set() {
    take(peek(1) == '^' ? 2 : 1, false);
    for (bool first = true; kind_ == Kind::understood; first = false) {
      if (at_ >= text_.size()) return stop(Kind::invalid);
      const char c = peek();
      if (c == ']' && !first) return take(1, true);
      if (c == '\\') {
        read_escape(true);
        continue;
      }
      if (c == '[' || c == ']') written_ += '\\';
      take(1, true);
    }
  }

  void read_escape(bool in_set) {
    const char c = peek(1);
    if (at_ + 1 == text_.size()) return stop(Kind::invalid);
    if (is_digit(c)) {
      // One digit is a group; more, or 0, may be an octal number.
      const bool group = !in_set && c != '0' && !is_digit(peek(2));
      return group ? take(2, true) : stop(Kind::unknown);
    }
    if (!is_letter(c) || is_any_of(c, "abfnrtdDsSwW")) return take(2, in_set || c != 'b');
    if (c == 'x' || c == 'u') return read_code(c == 'x' ? 2 : 4);
    if (c == 'v' || (c == 'Z' && !in_set)) {
      written_ += c == 'v' ? "\\x0b" : "\\z";
      at_ += 2;
      repeatable_ = c == 'v';
      return;
    }
    if (is_any_of(c, "UNz")) return stop(Kind::unknown);
    if (in_set || !is_any_of(c, "AB")) return stop(Kind::invalid);
    take(2, false);
  }

  // "\x41", "\u0041".
  void read_code(std::size_t digits) {
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_hex(peek(2 + i))) return stop(Kind::invalid);
    }
    written_ += cat("\\x{", rest().substr(2, digits), "}");
    at_ += 2 + digits;
    repeatable_ = true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string written_;
  Kind kind_ = Kind::understood;
  std::size_t depth_ = 0;
  bool repeatable_ = false;  // whether a quantifier may follow
};

}  // namespace

PythonExpression::PythonExpression(std::string_view expression) {
  if (expression.size() > kLongestExpression) return;
  PythonReader reader(expression);
  kind_ = reader.read();
  if (kind_ != Kind::understood) return;
  try {
    compiled_.emplace(cat(kFewSteps, "\\A(?:", reader.written(), ")\\z"), "expression");
  } catch (const Error&) {
    // What counts may only be too large.
    kind_ = expression.find('{') == expression.npos ? Kind::invalid : Kind::unknown;
  }
}

bool PythonExpression::matches(std::string_view text) const {
  if (!compiled_ || text.size() > kLongestSubject) return false;
  try {
    return compiled_->finds(text);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace dnd::adapter
