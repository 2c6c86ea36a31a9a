#include "tokenizer/code_point_ranges.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace dnd::tokenizer {
namespace {

constexpr CodePointRange kSurrogates{0xD800, 0xDFFF};

// Joins ranges that touch; `ranges` are in the order of their beginnings.
std::vector<CodePointRange> joined(const std::vector<CodePointRange>& ranges) {
  std::vector<CodePointRange> out;
  for (const CodePointRange& range : ranges) {
    if (!out.empty() && range.first <= out.back().last + 1) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

bool begins_before(const CodePointRange& left, const CodePointRange& right) {
  return left.first < right.first;
}

std::vector<CodePointRange> gaps(const std::vector<CodePointRange>& ranges) {
  std::vector<CodePointRange> out;
  char32_t next = 0;
  for (const CodePointRange& range : ranges) {
    if (next < range.first) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next < kCodePoints) out.push_back({next, kCodePoints - 1});
  return out;
}

}  // namespace

bool CodePointRanges::contains(char32_t point) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), CodePointRange{point, point}, begins_before);
  return after != ranges_.begin() && point <= std::prev(after)->last;
}

void CodePointRanges::add(char32_t first, char32_t last) {
  *this |= CodePointRanges({{first, last}});
}

CodePointRanges& CodePointRanges::operator|=(const CodePointRanges& other) {
  std::vector<CodePointRange> all;
  all.reserve(ranges_.size() + other.ranges_.size());
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
             std::back_inserter(all), begins_before);
  ranges_ = joined(all);
  return *this;
}

CodePointRanges& CodePointRanges::operator&=(const CodePointRanges& other) {
  std::vector<CodePointRange> out;
  auto left = ranges_.begin();
  auto right = other.ranges_.begin();
  while (left != ranges_.end() && right != other.ranges_.end()) {
    const char32_t first = std::max(left->first, right->first);
    const char32_t last = std::min(left->last, right->last);
    if (first <= last) out.push_back({first, last});
    if (left->last < right->last) {
      ++left;
    } else {
      ++right;
    }
  }
  ranges_ = std::move(out);
  return *this;
}

void CodePointRanges::invert() {
  std::vector<CodePointRange> with = ranges_;
  with.push_back(kSurrogates);
  std::sort(with.begin(), with.end(), begins_before);
  ranges_ = gaps(joined(with));
}

const CodePointRanges& ranges_of(const CategorySet& set) {
  using Key = std::pair<std::uint32_t, const CodePointRange*>;
  static std::mutex mutex;
  static std::map<Key, CodePointRanges> made;  // its nodes stay where they are
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = made.try_emplace({set.categories, set.exceptions.data()});
  if (is_new) entry->second = CodePointRanges(CodePointSet(set).ranges());
  return entry->second;
}

}  // namespace dnd::tokenizer
