#include "tokenizer/onig_pattern.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/strings.h"
#include "text/unicode.h"
#include "tokenizer/class_writer.h"
#include "tokenizer/onig_class.h"

namespace dnd::tokenizer {
namespace {

constexpr int kDeepestGroup = 100;
constexpr std::size_t kLongestPattern = 1U << 13U;
constexpr std::size_t kLongestTranslation = 1U << 20U;  // translated
constexpr unsigned kMostRepeats = 65535;                // PCRE2's

struct Options {
  bool ignore_case = false;
  bool dot_all = false;  // Oniguruma's m
  bool extended = false;
};

// Something in a branch: its text, and whether it may be repeated.
struct Item {
  std::string text;
  bool repeatable = true;
  std::optional<char32_t> literal = std::nullopt;
};

struct Repeat {
  unsigned low = 0;
  std::optional<unsigned> high;
  char mode = 0;  // '?' lazy, '+' possessive
};

// Whether Oniguruma has a character that is equal to these two without regard to case (ß: ss, ﬁ: fi).
bool may_be_one(char32_t first, char32_t second) {
  const auto lower = [](char32_t point) {
    return point >= 'A' && point <= 'Z' ? point + 32 : point;
  };
  const char32_t a = lower(first);
  const char32_t b = lower(second);
  if (a < 0x80 && b < 0x80) {
    return (a == 's' && (b == 's' || b == 't')) || (a == 'f' && (b == 'f' || b == 'i' || b == 'l'));
  }
  // Letters with marks, ŉ, Greek with iota, Armenian ligatures: all of them have a part beyond ASCII.
  return (b >= 0x2BC && b < 0x370) || a == 0x2BC || b == 0x3B9 || b == 0x399 ||
         (a >= 0x530 && a < 0x590 && b >= 0x530 && b < 0x590);
}

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& who)
      : source_(text::decode_utf8(pattern), who), only_named_(names_groups(source_.rest())) {}

  std::string translate() {
    std::string text = alternatives({}, 0);
    if (!source_.at_end()) source_.refuse("')' without '('");
    return text;
  }

 private:
  // With a named group, plain ones do not capture.
  static bool names_groups(std::u32string_view pattern) {
    for (std::size_t i = 0; i + 3 < pattern.size(); ++i) {
      if (pattern[i] == '\\') {
        ++i;
        continue;
      }
      const std::u32string_view rest = pattern.substr(i);
      if ((rest.starts_with(U"(?<") && rest[3] != '=' && rest[3] != '!') ||
          rest.starts_with(U"(?'")) {
        return true;
      }
    }
    return false;
  }

  std::string alternatives(Options options, int depth) {
    if (depth > kDeepestGroup) source_.refuse("groups in groups beyond all depth");
    std::string text;
    while (true) {
      text += branch(options, depth);
      if (source_.peek() != '|' || source_.at_end()) return text;
      source_.skip(1);
      text += '|';
    }
  }

  std::string branch(Options options, int depth) {
    std::string text;
    std::optional<char32_t> before;
    while (!source_.at_end() && source_.peek() != '|' && source_.peek() != ')') {
      if (options.extended && skip_blank()) continue;
      Item item = next_item(options, depth);
      if (options.ignore_case && before && item.literal && may_be_one(*before, *item.literal)) {
        source_.refuse("(?i) on letters that one character is equal to");
      }
      before = item.literal;
      repeat(item, options);
      text += item.text;
      if (text.size() > kLongestTranslation) source_.refuse("an expression of too many classes");
    }
    return text;
  }

  bool skip_blank() {
    const char32_t point = source_.peek();
    if (point == '#') {
      while (!source_.at_end() && source_.take() != '\n') {
      }
      return true;
    }
    if (point != ' ' && (point < '\t' || point > '\r')) return false;
    source_.skip(1);
    return true;
  }

  Item next_item(Options options, int depth) {
    const char32_t point = source_.take();
    switch (point) {
      case '(':
        return group(options, depth);
      case '[':
        return class_item(read_class(source_, options.ignore_case));
      case '\\':
        return escape(options);
      case '.':
        return {options.dot_all ? "(?s:.)" : "."};
      case '^':
        return {"^", false};
      case '$':
        return {"$", false};
      case '*':
      case '+':
      case '?':
        source_.refuse("a repetition of nothing");
      case '{': {
        source_.skip(static_cast<std::size_t>(-1));
        const bool interval = read_interval().has_value();
        if (interval) source_.refuse("a repetition of nothing");
        source_.skip(1);
        return literal('{', options);
      }
      default:
        return literal(point, options);
    }
  }

  Item class_item(const CodePointRanges& set) {
    std::string text = write_class(set);
    if (text.empty()) source_.refuse("a class of too many ranges");
    return {std::move(text)};
  }

  Item literal(char32_t point, Options options) {
    if (!options.ignore_case) return {write_literal(point), true, point};
    if (folds_to_several(point)) {
      source_.refuse("(?i) on a character that is equal to several");
    }
    CodePointRanges set;
    for (const char32_t equal : case_equals(point)) set.add(equal, equal);
    return {write_class(set), true, point};
  }

  static std::string word_boundary(bool inverted) {
    const std::string word = write_class(named_set("word"));
    const std::string behind = "(?<=" + word + ")";
    const std::string not_behind = "(?<!" + word + ")";
    const std::string ahead = "(?=" + word + ")";
    const std::string not_ahead = "(?!" + word + ")";
    return inverted ? "(?:" + behind + ahead + "|" + not_behind + not_ahead + ")"
                    : "(?:" + behind + not_ahead + "|" + not_behind + ahead + ")";
  }

  Item escape(Options options) {
    if (source_.at_end()) source_.refuse("a backslash at the end");
    if (const auto set = read_class_escape(source_, false)) return class_item(*set);
    const char32_t letter = source_.peek();
    const auto simple = [&](std::string text, bool repeatable) -> Item {
      source_.skip(1);
      return {std::move(text), repeatable};
    };
    switch (letter) {
      case 'b':
      case 'B':
        return simple(word_boundary(letter == 'B'), false);
      case 'A':
      case 'Z':
      case 'z':
      case 'G':
        return simple(std::string("\\") + static_cast<char>(letter), false);
      case 'K':
        if (in_lookaround_ > 0) source_.refuse("\\K in a look-around");
        return simple("\\K", false);
      case 'R':
        return simple("(?>\\r\\n|[\\n-\\r\\x{85}\\x{2028}\\x{2029}])", true);
      case 'N':
        return simple(".", true);
      case 'O':
        return simple("(?s:.)", true);
      case 'k':
        return named_reference(options);
      default:
        break;
    }
    if (letter >= '1' && letter <= '9') return numbered_reference(options);
    return literal(read_point_escape(source_, false), options);
  }

  Item named_reference(Options options) {
    source_.skip(1);
    if (!source_.take(U"<")) source_.refuse("\\k without a name");
    const auto name = source_.take_until('>');
    if (!name || !names_.contains(*name))
      source_.refuse("a reference to a group that is not before");
    if (options.ignore_case) source_.refuse("(?i) on a reference");
    return {"\\k{" + *name + "}"};
  }

  // Beyond \9, a number that is no group's is octal.
  Item numbered_reference(Options options) {
    const std::u32string_view rest = source_.rest();
    std::size_t digits = 0;
    unsigned number = 0;
    for (; digits < std::min<std::size_t>(rest.size(), 4); ++digits) {
      if (rest[digits] < '0' || rest[digits] > '9') break;
      number = number * 10 + (rest[digits] - '0');
    }
    if (number > 9 && number > groups_) return octal(options);
    source_.skip(digits);
    if (only_named_) source_.refuse("a numbered reference beside named groups");
    if (number > groups_) source_.refuse("a reference to a group that is not before");
    if (options.ignore_case) source_.refuse("(?i) on a reference");
    return {"\\g{" + std::to_string(number) + "}"};
  }

  Item octal(Options options) {
    char32_t point = 0;
    for (int i = 0; i < 3 && source_.peek() >= '0' && source_.peek() <= '7'; ++i) {
      point = point * 8 + (source_.take() - '0');
    }
    if (point == 0 || point >= 0x80) source_.refuse("a byte that is no character");
    return literal(point, options);
  }

  Item group(Options options, int depth) {
    if (!source_.take(U"?")) {
      if (source_.peek() == '*') source_.refuse("a callout");
      if (!only_named_) count_group();
      return {close(only_named_ ? "(?:" : "(", options, depth)};
    }
    if (source_.take(U":")) return {close("(?:", options, depth)};
    if (source_.take(U">")) return {close("(?>", options, depth)};
    if (source_.take(U"=")) return look("(?=", options, depth, false);
    if (source_.take(U"!")) return look("(?!", options, depth, false);
    if (source_.take(U"<=")) return look("(?<=", options, depth, false);
    if (source_.take(U"<!")) return look("(?<!", options, depth, true);
    if (source_.take(U"#")) return comment();
    if (source_.peek() == '<' || source_.peek() == '\'') return named_group(options, depth);
    return option_group(options, depth);
  }

  void count_group() {
    if (in_negative_behind_ > 0) source_.refuse("a group in a negative look-behind");
    ++groups_;
  }

  std::string close(const std::string& begin, Options options, int depth) {
    std::string text = begin + alternatives(options, depth + 1);
    if (!source_.take(U")")) source_.refuse("'(' without ')'");
    return text + ")";
  }

  Item look(const std::string& begin, Options options, int depth, bool negative_behind) {
    ++in_lookaround_;
    in_negative_behind_ += negative_behind ? 1 : 0;
    std::string text = close(begin, options, depth);
    in_negative_behind_ -= negative_behind ? 1 : 0;
    --in_lookaround_;
    return {std::move(text), false};
  }

  Item comment() {
    while (!source_.at_end()) {
      const char32_t point = source_.take();
      if (point == ')') return {"", false};
      if (point == '\\') source_.take();
    }
    source_.refuse("a comment without ')'");
  }

  Item named_group(Options options, int depth) {
    const char32_t end = source_.take() == '<' ? U'>' : U'\'';
    const auto name = source_.take_until(end, 32);
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (!name || name->empty() || !std::all_of(name->begin(), name->end(), plain) ||
        (name->front() >= '0' && name->front() <= '9')) {
      source_.refuse("the name of a group");
    }
    if (!names_.insert(*name).second) source_.refuse("two groups of one name");
    count_group();
    return {close("(?<" + *name + ">", options, depth)};
  }

  Item option_group(Options options, int depth) {
    bool value = true;
    for (; source_.peek() != ')' && source_.peek() != ':'; source_.skip(1)) {
      switch (source_.peek()) {
        case '-':
          value = false;
          break;
        case 'i':
          options.ignore_case = value;
          break;
        case 'm':
          options.dot_all = value;
          break;
        case 'x':
          options.extended = value;
          break;
        default:
          source_.refuse("a group of this kind");
      }
    }
    if (source_.take(U":")) return {close("(?:", options, depth)};
    source_.skip(1);
    // "a(?i)b|c" is "a(?i:b|c)".
    return {"(?:" + alternatives(options, depth + 1) + ")", true};
  }

  // {n}, {n,}, {n,m}, {,m}; anything else is a literal brace, and nothing is taken.
  std::optional<Repeat> read_interval() {
    OnigSource ahead = source_;
    ahead.skip(1);
    const auto number = [&]() -> std::optional<unsigned> {
      if (ahead.peek() < '0' || ahead.peek() > '9') return std::nullopt;
      unsigned value = 0;
      while (ahead.peek() >= '0' && ahead.peek() <= '9') {
        value = std::min(value * 10 + (ahead.take() - '0'), 1000000U);
      }
      return value;
    };
    const std::optional<unsigned> low = number();
    Repeat repeat{low.value_or(0), low};
    if (ahead.take(U",")) {
      repeat.high = number();
      if (!low && !repeat.high) return std::nullopt;
    } else if (!low) {
      return std::nullopt;
    }
    if (!ahead.take(U"}")) return std::nullopt;
    source_.skip(source_.rest().size() - ahead.rest().size());
    return repeat;
  }

  std::optional<Repeat> read_repeat() {
    if (source_.at_end()) return std::nullopt;
    std::optional<Repeat> repeat;
    switch (source_.peek()) {
      case '*':
        repeat = Repeat{0, std::nullopt};
        break;
      case '+':
        repeat = Repeat{1, std::nullopt};
        break;
      case '?':
        repeat = Repeat{0, 1};
        break;
      case '{': {
        repeat = read_interval();
        if (!repeat) return std::nullopt;
        // {n}? is a repetition that may be left out; {n,m}+ is one that is repeated.
        const bool fixed = repeat->high && *repeat->high == repeat->low;
        if (!fixed && source_.take(U"?")) repeat->mode = '?';
        return repeat;
      }
      default:
        return std::nullopt;
    }
    source_.skip(1);
    if (source_.take(U"?")) {
      repeat->mode = '?';
    } else if (source_.take(U"+")) {
      repeat->mode = '+';
    }
    return repeat;
  }

  static std::string repeat_text(const Repeat& repeat) {
    std::string text = "{" + std::to_string(repeat.low) + ",";
    if (repeat.high) text += std::to_string(*repeat.high);
    text += '}';
    if (repeat.low == 0 && !repeat.high) text = "*";
    if (repeat.low == 1 && !repeat.high) text = "+";
    if (repeat.low == 0 && repeat.high == 1U) text = "?";
    if (repeat.mode != 0) text += repeat.mode;
    return text;
  }

  void repeat(Item& item, Options options) {
    bool lazy = false;
    for (bool first = true;; first = false) {
      if (options.extended) {
        while (!source_.at_end() && skip_blank()) {
        }
      }
      const std::optional<Repeat> repeat = read_repeat();
      if (!repeat) return;
      if (!item.repeatable) source_.refuse("a repetition of something without width");
      if (repeat->low > kMostRepeats || repeat->high.value_or(0) > kMostRepeats) {
        source_.refuse("more than 65,535 repetitions");
      }
      if (repeat->high && *repeat->high < repeat->low) source_.refuse("a range in the wrong order");
      lazy |= repeat->mode == '?';
      if (!first && lazy) source_.refuse("a repetition of a lazy repetition");
      if (!first) item.text = "(?:" + item.text + ")";
      item.text += repeat_text(*repeat);
      item.literal.reset();
    }
  }

  OnigSource source_;
  bool only_named_;
  unsigned groups_ = 0;
  std::set<std::string> names_;
  int in_lookaround_ = 0;
  int in_negative_behind_ = 0;
};

}  // namespace

std::string translate_onig(std::string_view pattern, const std::string& who) {
  if (pattern.size() > kLongestPattern) {
    fail(ErrorKind::data, who, ": an expression of ", pattern.size(), " bytes, at most ",
         kLongestPattern, " are read");
  }
  return Translator(pattern, who).translate();
}

}  // namespace dnd::tokenizer
