#include "tokenizer/class_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace dnd::tokenizer {
namespace {

constexpr std::size_t kCategories = 30;
constexpr std::size_t kMostRanges = 2000;
constexpr std::uint8_t kSurrogate = 28;

// By value of utf8proc_category.
constexpr std::array<const char*, kCategories> kEscapes = {
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps",
    "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
struct Group {
  const char* name;
  std::uint32_t members;
};
constexpr std::array<Group, 6> kGroups = {{{"L", 0x3EU},
                                           {"M", 0x1C0U},
                                           {"N", 0xE00U},
                                           {"P", 0x7F000U},
                                           {"S", 0x780000U},
                                           {"Z", 0x3800000U}}};

using Counts = std::array<std::size_t, kCategories>;

// PCRE2's categories: all code points, in order.
const std::vector<CategoryRange>& category_ranges() {
  static const std::vector<CategoryRange> made = [] {
    const std::vector<std::uint8_t>& categories = pcre2_categories();
    std::vector<CategoryRange> ranges;
    for (char32_t point = 0; point < kCodePoints; ++point) {
      if (ranges.empty() || ranges.back().value != categories[point]) {
        ranges.push_back({point, point, categories[point]});
      }
      ranges.back().last = point;
    }
    return ranges;
  }();
  return made;
}

// visit(first, last, category, inside) for all code points in order, surrogates left out.
template <typename Visit>
void each_part(const CodePointRanges& set, const Visit& visit) {
  auto member = set.ranges().begin();
  const auto end = set.ranges().end();
  for (const CategoryRange& range : category_ranges()) {
    if (range.value == kSurrogate) continue;
    for (char32_t first = range.first; first <= range.last;) {
      while (member != end && member->last < first) ++member;
      const bool inside = member != end && member->first <= first;
      char32_t last = range.last;
      if (inside) {
        last = std::min(last, member->last);
      } else if (member != end) {
        last = std::min(last, static_cast<char32_t>(member->first - 1));
      }
      visit(first, last, range.value, inside);
      first = last + 1;
    }
  }
}

struct ClassParts {
  std::uint32_t categories = 0;
  std::vector<CodePointRange> added;
  std::vector<CodePointRange> removed;
  std::size_t ranges() const { return added.size() + removed.size(); }
};

void append_range(std::vector<CodePointRange>& ranges, char32_t first, char32_t last) {
  if (!ranges.empty() && ranges.back().last + 1 == first) {
    ranges.back().last = last;
  } else {
    ranges.push_back({first, last});
  }
}

// `set` as whole categories and what differs.
ClassParts split_set(const CodePointRanges& set) {
  Counts inside{};
  Counts all{};
  each_part(set, [&](char32_t first, char32_t last, std::uint8_t category, bool is_inside) {
    all[category] += last - first + 1;
    if (is_inside) inside[category] += last - first + 1;
  });
  ClassParts parts;
  for (std::uint32_t i = 0; i < kCategories; ++i) {
    if (inside[i] * 2 > all[i]) parts.categories |= 1U << i;
  }
  each_part(set, [&](char32_t first, char32_t last, std::uint8_t category, bool is_inside) {
    const bool in_categories = (parts.categories >> category & 1U) != 0;
    if (in_categories != is_inside) {
      append_range(in_categories ? parts.removed : parts.added, first, last);
    }
  });
  return parts;
}

void append_point_text(std::string& out, char32_t point) {
  if ((point >= '0' && point <= '9') || (point >= 'A' && point <= 'Z') ||
      (point >= 'a' && point <= 'z')) {
    out += static_cast<char>(point);
    return;
  }
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "\\x{%x}", static_cast<unsigned>(point));
  out += text.data();
}

void append_ranges(std::string& out, const std::vector<CodePointRange>& ranges) {
  for (const CodePointRange& range : ranges) {
    append_point_text(out, range.first);
    if (range.last == range.first) continue;
    if (range.last != range.first + 1) out += '-';
    append_point_text(out, range.last);
  }
}

std::string class_text(const ClassParts& parts, bool negated) {
  std::string text = negated ? "[^" : "[";
  append_ranges(text, parts.added);
  std::uint32_t left = parts.categories;
  for (const Group& group : kGroups) {
    if ((left & group.members) != group.members) continue;
    text += std::string("\\p{") + group.name + "}";
    left &= ~group.members;
  }
  for (std::size_t i = 0; i < kCategories; ++i) {
    if ((left >> i & 1U) != 0) text += std::string("\\p{") + kEscapes[i] + "}";
  }
  text += ']';
  if (parts.removed.empty()) return text;
  std::string exceptions = "[";
  append_ranges(exceptions, parts.removed);
  exceptions += ']';
  return negated ? "(?:" + text + "|" + exceptions + ")" : "(?:(?!" + exceptions + ")" + text + ")";
}

bool is_empty(const ClassParts& parts) { return parts.categories == 0 && parts.added.empty(); }

}  // namespace

std::string write_class(const CodePointRanges& set) {
  CodePointRanges other = set;
  other.invert();
  const ClassParts inside = split_set(set);
  const ClassParts outside = split_set(other);
  if (is_empty(inside)) return "(?:(?!))";
  if (is_empty(outside)) return "(?s:.)";
  const bool negated = outside.ranges() < inside.ranges();
  const ClassParts& parts = negated ? outside : inside;
  return parts.ranges() > kMostRanges ? std::string() : class_text(parts, negated);
}

std::string write_literal(char32_t point) {
  std::string text;
  append_point_text(text, point);
  return text;
}

}  // namespace dnd::tokenizer
