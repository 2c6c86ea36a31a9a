#include "tokenizer/code_points.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "text/unicode.h"

namespace dnd::tokenizer {
namespace {

constexpr char32_t kCasedEnd = 0x1F000;  // no letters with case from here on

template <typename Range>
const Range* find_range(std::span<const Range> ranges, char32_t point) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), point,
                       [](char32_t value, const Range& range) { return value < range.first; });
  if (after == ranges.begin() || std::prev(after)->last < point) return nullptr;
  return &*std::prev(after);
}

void apply(std::vector<std::uint8_t>& categories, std::span<const CategoryRange> changes) {
  for (const CategoryRange& change : changes) {
    std::fill(categories.begin() + change.first, categories.begin() + change.last + 1,
              change.value);
  }
}

std::vector<std::uint8_t> make_onig_categories() {
  std::vector<std::uint8_t> categories(kCodePoints, 0);
  // Planes 4 to 13 hold nothing.
  for (char32_t point = 0; point < kCodePoints; ++point) {
    if (point == 0x40000) point = 0xE0000;
    categories[point] = text::general_category(point);
  }
  apply(categories, kCategoryChanges);
  return categories;
}

std::vector<std::uint8_t> make_pcre2_categories() {
  std::vector<std::uint8_t> categories = onig_categories();
  apply(categories, kPcre2Categories);
  return categories;
}

char32_t simple_fold(char32_t point) { return text::simple_lower(text::simple_upper(point)); }

// Code points that have others equal to them, by simple_fold().
std::multimap<char32_t, char32_t> make_fold_classes() {
  std::multimap<char32_t, char32_t> classes;
  for (char32_t point = 0; point < kCasedEnd; ++point) {
    if (text::simple_lower(point) != point || text::simple_upper(point) != point) {
      classes.emplace(simple_fold(point), point);
    }
  }
  return classes;
}

}  // namespace

CodePointSet::CodePointSet(const CategorySet& set) : CodePointSet() {
  const std::vector<std::uint8_t>& categories = onig_categories();
  for (char32_t point = 0; point < kCodePoints; ++point) {
    words_[point >> 6U] |= std::uint64_t{set.categories >> categories[point] & 1U} << (point & 63U);
  }
  for (const CodePointRange& range : set.exceptions) flip(range.first, range.last);
}

void CodePointSet::add(char32_t first, char32_t last) {
  for (char32_t point = first; point <= last; ++point) {
    words_[point >> 6U] |= std::uint64_t{1} << (point & 63U);
  }
}

void CodePointSet::flip(char32_t first, char32_t last) {
  for (char32_t point = first; point <= last; ++point) {
    words_[point >> 6U] ^= std::uint64_t{1} << (point & 63U);
  }
}

CodePointSet& CodePointSet::operator|=(const CodePointSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

CodePointSet& CodePointSet::operator&=(const CodePointSet& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  return *this;
}

void CodePointSet::invert() {
  for (std::uint64_t& word : words_) word = ~word;
  for (std::size_t i = 0xD800 / 64; i < 0xE000 / 64; ++i) words_[i] = 0;
}

std::vector<CodePointRange> CodePointSet::ranges() const {
  std::vector<CodePointRange> found;
  for (char32_t point = 0; point < kCodePoints; ++point) {
    if ((point & 63U) == 0 && words_[point >> 6U] == 0) {
      point += 63;
      continue;
    }
    if (!contains(point)) continue;
    if (!found.empty() && found.back().last + 1 == point) {
      found.back().last = point;
    } else {
      found.push_back({point, point});
    }
  }
  return found;
}

const std::vector<std::uint8_t>& onig_categories() {
  static const std::vector<std::uint8_t> categories = make_onig_categories();
  return categories;
}

const std::vector<std::uint8_t>& pcre2_categories() {
  static const std::vector<std::uint8_t> categories = make_pcre2_categories();
  return categories;
}

const CodePointSet& rust_word() {
  static const CodePointSet set(kRustWord);
  return set;
}

const CodePointSet& rust_numeric() {
  static const CodePointSet set(kRustNumeric);
  return set;
}

const CodePointSet& rust_whitespace() {
  static const CodePointSet set(kRustWhitespace);
  return set;
}

const CodePointSet& combining_marks() {
  static const CodePointSet set(kCombiningMarks);
  return set;
}

const CodePointSet& punctuation() {
  static const CodePointSet set(kPunctuation);
  return set;
}

const CodePointSet& bert_deleted() {
  static const CodePointSet set(kBertDeleted);
  return set;
}

const CodePointSet& bert_nonspacing() {
  static const CodePointSet set(kBertNonspacing);
  return set;
}

void append_lower(std::u32string& out, char32_t point) {
  if (point < 0x80) {
    out += point >= 'A' && point <= 'Z' ? point + 32 : point;
    return;
  }
  const auto found =
      std::lower_bound(kLowerChanges.begin(), kLowerChanges.end(), point,
                       [](const LowerCase& entry, char32_t value) { return entry.point < value; });
  if (found == kLowerChanges.end() || found->point != point) {
    out += text::simple_lower(point);
    return;
  }
  out += found->first;
  if (found->second != 0) out += found->second;
}

std::uint8_t script_of(char32_t point) {
  const ScriptRange* range = find_range(kScripts, point);
  return range == nullptr ? 0 : range->script;
}

std::vector<char32_t> case_equals(char32_t point) {
  static const std::multimap<char32_t, char32_t> classes = make_fold_classes();
  std::vector<char32_t> equals{point};
  const auto [begin, end] = classes.equal_range(simple_fold(point));
  for (auto i = begin; i != end; ++i) {
    if (i->second != point) equals.push_back(i->second);
  }
  for (const FoldChange& change : kFoldChanges) {
    if (change.point != point) continue;
    const auto found = std::find(equals.begin(), equals.end(), change.other);
    if (found == equals.end()) {
      equals.push_back(change.other);
    } else {
      equals.erase(found);
    }
  }
  return equals;
}

const std::vector<CaseEquals>& all_case_equals() {
  static const std::vector<CaseEquals> pairs = [] {
    std::vector<CaseEquals> made;
    for (char32_t point = 0; point < kCasedEnd; ++point) {
      for (const char32_t other : case_equals(point)) {
        if (other != point) made.push_back({point, other});
      }
    }
    return made;
  }();
  return pairs;
}

bool folds_to_several(char32_t point) { return find_range(kSeveralFolds, point) != nullptr; }

char32_t last_point(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (continues_character(text[at])) --at;
  return decode_at(text, at);
}

std::size_t count_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), std::not_fn(continues_character)));
}

}  // namespace dnd::tokenizer
