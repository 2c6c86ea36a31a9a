#include "tokenizer/onig_class.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "tokenizer/class_writer.h"

namespace dnd::tokenizer {
namespace {

constexpr int kDeepestClass = 16;

struct CategoryName {
  std::string_view name;
  std::uint32_t categories;
};
constexpr std::array<CategoryName, 77> kCategoryNames = {{{"l", 0x3E},
                                                          {"letter", 0x3E},
                                                          {"lu", 0x2},
                                                          {"uppercaseletter", 0x2},
                                                          {"ll", 0x4},
                                                          {"lowercaseletter", 0x4},
                                                          {"lt", 0x8},
                                                          {"titlecaseletter", 0x8},
                                                          {"lc", 0xE},
                                                          {"casedletter", 0xE},
                                                          {"lm", 0x10},
                                                          {"modifierletter", 0x10},
                                                          {"lo", 0x20},
                                                          {"otherletter", 0x20},
                                                          {"m", 0x1C0},
                                                          {"mark", 0x1C0},
                                                          {"combiningmark", 0x1C0},
                                                          {"mn", 0x40},
                                                          {"nonspacingmark", 0x40},
                                                          {"mc", 0x80},
                                                          {"spacingmark", 0x80},
                                                          {"me", 0x100},
                                                          {"enclosingmark", 0x100},
                                                          {"n", 0xE00},
                                                          {"number", 0xE00},
                                                          {"nd", 0x200},
                                                          {"decimalnumber", 0x200},
                                                          {"nl", 0x400},
                                                          {"letternumber", 0x400},
                                                          {"no", 0x800},
                                                          {"othernumber", 0x800},
                                                          {"p", 0x7F000},
                                                          {"punct", 0x7F000},
                                                          {"punctuation", 0x7F000},
                                                          {"pc", 0x1000},
                                                          {"connectorpunctuation", 0x1000},
                                                          {"pd", 0x2000},
                                                          {"dashpunctuation", 0x2000},
                                                          {"ps", 0x4000},
                                                          {"openpunctuation", 0x4000},
                                                          {"pe", 0x8000},
                                                          {"closepunctuation", 0x8000},
                                                          {"pi", 0x10000},
                                                          {"initialpunctuation", 0x10000},
                                                          {"pf", 0x20000},
                                                          {"finalpunctuation", 0x20000},
                                                          {"po", 0x40000},
                                                          {"otherpunctuation", 0x40000},
                                                          {"s", 0x780000},
                                                          {"symbol", 0x780000},
                                                          {"sm", 0x80000},
                                                          {"mathsymbol", 0x80000},
                                                          {"sc", 0x100000},
                                                          {"currencysymbol", 0x100000},
                                                          {"sk", 0x200000},
                                                          {"modifiersymbol", 0x200000},
                                                          {"so", 0x400000},
                                                          {"othersymbol", 0x400000},
                                                          {"z", 0x3800000},
                                                          {"separator", 0x3800000},
                                                          {"zs", 0x800000},
                                                          {"spaceseparator", 0x800000},
                                                          {"zl", 0x1000000},
                                                          {"lineseparator", 0x1000000},
                                                          {"zp", 0x2000000},
                                                          {"paragraphseparator", 0x2000000},
                                                          {"c", 0x3C000001},
                                                          {"other", 0x3C000001},
                                                          {"cc", 0x4000000},
                                                          {"control", 0x4000000},
                                                          {"cf", 0x8000000},
                                                          {"format", 0x8000000},
                                                          {"cn", 0x1},
                                                          {"unassigned", 0x1},
                                                          {"co", 0x20000000},
                                                          {"privateuse", 0x20000000},
                                                          {"any", 0x3FFFFFFF}}};

// Lower case, without spaces, underscores and hyphens, as Oniguruma compares names.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return plain;
}

const CodePointRanges* find_set(std::string_view name) {
  for (const NamedSet& set : kNamedSets) {
    if (set.name == name) return &ranges_of(set.set);
  }
  return nullptr;
}

const CodePointRanges& ascii() {
  static const CodePointRanges set({{0, 0x7F}});
  return set;
}

CodePointRanges read_property(OnigSource& source, bool inverted, bool in_class) {
  if (source.take(U"^")) inverted = !inverted;
  const std::optional<std::string> name = source.take_until('}');
  if (!name) source.refuse("a property name without '}'");
  const std::string plain = plain_name(*name);
  const CodePointRanges* known = find_set(in_class && plain == "word" ? "wordclass" : plain);
  for (const CategoryName& category : kCategoryNames) {
    if (category.name == plain) known = &ranges_of(CategorySet{category.categories, {}});
  }
  if (plain == "ascii") known = &ascii();
  if (known == nullptr) source.refuse("the property '" + printable(*name) + "'");
  CodePointRanges set = *known;
  if (inverted) set.invert();
  return set;
}

std::optional<unsigned> hex_digit(char32_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

char32_t checked_point(const OnigSource& source, char32_t point) {
  if (point >= kCodePoints || (point >= 0xD800 && point < 0xE000)) {
    source.refuse("a code point out of range");
  }
  return point;
}

char32_t read_digits(OnigSource& source, unsigned base, std::size_t most, std::size_t least) {
  char32_t value = 0;
  std::size_t count = 0;
  for (; count < most; ++count) {
    const std::optional<unsigned> digit = hex_digit(source.peek());
    if (source.at_end() || !digit || *digit >= base) break;
    value = value * base + *digit;
    source.skip(1);
  }
  if (count < least) source.refuse("an escape without its digits");
  return value;
}

// [:alpha:], [:^alpha:]; the source stands behind "[:".
std::optional<CodePointRanges> read_posix(OnigSource& source) {
  OnigSource ahead = source;
  const bool inverted = ahead.take(U"^");
  const std::optional<std::string> name = ahead.take_until(':', 20);
  if (!name || !ahead.take(U"]")) return std::nullopt;
  const CodePointRanges* known = *name == "ascii" ? &ascii()
                                                  : find_set(*name == "word"    ? "wordclass"
                                                             : *name == "punct" ? "posixpunct"
                                                                                : *name);
  if (known == nullptr) source.refuse("the class [:" + printable(*name) + ":]");
  CodePointRanges set = *known;
  if (inverted) set.invert();
  source.skip(source.rest().size() - ahead.rest().size());
  return set;
}

void close_case(const OnigSource& source, CodePointRanges& set, bool negated) {
  std::vector<CodePointRange> others;
  for (const CaseEquals& entry : all_case_equals()) {
    if (!set.contains(entry.point)) continue;
    if (!negated && folds_to_several(entry.point)) {
      source.refuse("(?i) on a class with a character that is equal to several");
    }
    others.push_back({entry.other, entry.other});
  }
  for (const CodePointRange& range : kSeveralFolds) {
    if (!negated && (set.contains(range.first) || set.contains(range.last))) {
      source.refuse("(?i) on a class with a character that is equal to several");
    }
  }
  std::sort(others.begin(), others.end(),
            [](const CodePointRange& left, const CodePointRange& right) {
              return left.first < right.first;
            });
  CodePointRanges added;
  for (const CodePointRange& other : others) added.add(other.first, other.last);
  set |= added;
}

class ClassReader {
 public:
  explicit ClassReader(OnigSource& source) : source_(source) {}

  // Without the negation, which is given back.
  bool read(CodePointRanges& set, int depth) {
    if (depth > kDeepestClass) source_.refuse("classes in classes beyond all depth");
    const bool negated = source_.take(U"^");
    bool first = true;
    std::optional<CodePointRanges> left;  // of "&&"
    while (true) {
      if (source_.at_end()) source_.refuse("a class without ']'");
      if (source_.peek() == ']' && !(first && another_close())) break;
      if (source_.next_is(U"&&")) {
        source_.skip(2);
        if (left) set &= *left;
        left = std::move(set);
        set = CodePointRanges();
        first = false;
        continue;
      }
      if (source_.peek() == ']' || !read_set(set, depth)) read_range(set);
      first = false;
    }
    source_.skip(1);
    if (first) source_.refuse("an empty class");
    if (left) set &= *left;
    return negated;
  }

 private:
  // Whether a ']' at the beginning is a member: another one closes the class.
  bool another_close() const {
    const std::u32string_view rest = source_.rest().substr(1);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] == '\\') {
        ++i;
      } else if (rest[i] == ']') {
        return true;
      }
    }
    return false;
  }

  bool read_set(CodePointRanges& set, int depth) {
    if (source_.peek() == '[') {
      source_.skip(1);
      if (source_.peek() == ':') {
        source_.skip(1);
        if (const auto posix = read_posix(source_)) {
          set |= *posix;
          return true;
        }
        source_.refuse("'[:' that begins no class");
      }
      CodePointRanges inner;
      if (read(inner, depth + 1)) inner.invert();
      set |= inner;
      return true;
    }
    if (source_.peek() != '\\') return false;
    source_.skip(1);
    const auto escape = read_class_escape(source_, true);
    if (escape) {
      set |= *escape;
      return true;
    }
    pending_escape_ = true;
    return false;
  }

  char32_t read_member() {
    if (!std::exchange(pending_escape_, false)) {
      const char32_t point = source_.take();
      if (point != '\\') return point;
    }
    return read_point_escape(source_, true);
  }

  void read_range(CodePointRanges& set) {
    const char32_t first = read_member();
    // A hyphen before the end, or before "&&", is a member.
    if (source_.peek() != '-' || source_.peek(1) == ']' ||
        (source_.peek(1) == '&' && source_.peek(2) == '&')) {
      set.add(first, first);
      return;
    }
    source_.skip(1);
    if (source_.at_end()) source_.refuse("a class without ']'");
    if (source_.peek() == '[') source_.refuse("a range that ends in a class");
    if (source_.peek() == '\\') {
      source_.skip(1);
      if (read_class_escape(source_, true)) source_.refuse("a range that ends in a class");
      pending_escape_ = true;
    }
    const char32_t last = read_member();
    if (last < first) source_.refuse("a range in the wrong order");
    set.add(first, last);
    if (source_.peek() == '-' && source_.peek(1) != ']') {  // [a-c-e]: a member again
      source_.skip(1);
      set.add('-', '-');
    }
  }

  OnigSource& source_;
  bool pending_escape_ = false;  // a backslash is taken
};

}  // namespace

bool OnigSource::take(std::u32string_view text) {
  if (!next_is(text)) return false;
  at_ += text.size();
  return true;
}

char32_t OnigSource::take() {
  if (at_end()) refuse("an expression that ends too early");
  return pattern_[at_++];
}

std::optional<std::string> OnigSource::take_until(char32_t end, std::size_t longest) {
  const std::size_t found = rest().substr(0, longest).find(end);
  if (found == std::u32string_view::npos) return std::nullopt;
  std::string text;
  for (const char32_t point : rest().substr(0, found)) append_point(text, point);
  at_ += found + 1;
  return text;
}

void OnigSource::refuse(const std::string& what) const {
  std::string pattern;
  for (const char32_t point : pattern_.substr(0, 60)) append_point(pattern, point);
  fail(ErrorKind::data, who_, ": expression '", printable(pattern), "': ", what, ", at character ",
       at_ + 1, ", is not supported");
}

const CodePointRanges& named_set(std::string_view name) { return *find_set(name); }

std::optional<CodePointRanges> read_class_escape(OnigSource& source, bool in_class) {
  const char32_t letter = source.peek();
  const auto named = [&](std::string_view name, bool inverted) {
    source.skip(1);
    CodePointRanges set = named_set(name);
    if (inverted) set.invert();
    return set;
  };
  switch (letter) {
    case 'd':
    case 'D':
      return named("digit", letter == 'D');
    case 's':
    case 'S':
      return named("space", letter == 'S');
    case 'w':
    case 'W':
      return named(in_class ? "wordclass" : "word", letter == 'W');
    case 'h':
    case 'H':
      return named("xdigit", letter == 'H');
    case 'p':
    case 'P':
      if (source.peek(1) != '{') source.refuse("\\p without a name in braces");
      source.skip(2);
      return read_property(source, letter == 'P', in_class);
    default:
      return std::nullopt;
  }
}

char32_t read_point_escape(OnigSource& source, bool in_class) {
  const char32_t letter = source.take();
  switch (letter) {
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case 'a':
      return '\a';
    case 'e':
      return 0x1B;
    case 'b':
      if (in_class) return '\b';
      break;
    case 'x':
      if (source.take(U"{")) {
        const char32_t point = read_digits(source, 16, 8, 1);
        if (!source.take(U"}")) source.refuse("\\x{ without '}'");
        return checked_point(source, point);
      } else {
        const char32_t point = read_digits(source, 16, 2, 1);
        if (point >= 0x80) source.refuse("a byte that is no character");
        return point;
      }
    case 'u':
      return checked_point(source, read_digits(source, 16, 4, 4));
    case '0': {
      const char32_t point = read_digits(source, 8, 2, 0);
      return checked_point(source, point);
    }
    default:
      break;
  }
  const bool alphanumeric = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                            (letter >= 'a' && letter <= 'z');
  if (alphanumeric) {
    std::string text = "\\";
    append_point(text, letter);
    source.refuse("the escape " + text);
  }
  return letter;
}

CodePointRanges read_class(OnigSource& source, bool fold) {
  CodePointRanges set;
  const bool negated = ClassReader(source).read(set, 0);
  if (fold) close_case(source, set, negated);
  if (negated) set.invert();
  return set;
}

}  // namespace dnd::tokenizer
