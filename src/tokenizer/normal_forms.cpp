#include "tokenizer/normal_forms.h"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "text/unicode.h"
#include "tokenizer/code_points.h"

namespace dnd::tokenizer {
namespace {

constexpr char32_t kHangul = 0xAC00;
constexpr char32_t kHangulL = 0x1100;
constexpr char32_t kHangulV = 0x1161;
constexpr char32_t kHangulT = 0x11A7;
constexpr char32_t kHangulCount = 11172;

bool in_ranges(std::span<const CodePointRange> ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const CodePointRange& range) {
    return range.first <= point && point <= range.last;
  });
}

int combining_class(char32_t point) {
  if (point < 0x300) return 0;
  const auto after = std::upper_bound(
      kCombiningClassChanges.begin(), kCombiningClassChanges.end(), point,
      [](char32_t value, const CategoryRange& range) { return value < range.first; });
  if (after != kCombiningClassChanges.begin() && std::prev(after)->last >= point) {
    return std::prev(after)->value;
  }
  return text::combining_class(point);
}

struct Pending {
  char32_t point;
  int change;
  int combining;
};

// Marks in the order of their classes; code points of class 0 stay where they are.
void sort_marks(std::vector<Pending>& points) {
  for (auto begin = points.begin(); begin != points.end();) {
    if (begin->combining == 0) {
      ++begin;
      continue;
    }
    const auto end =
        std::find_if(begin, points.end(), [](const Pending& next) { return next.combining == 0; });
    std::stable_sort(begin, end, [](const Pending& left, const Pending& right) {
      return left.combining < right.combining;
    });
    begin = end;
  }
}

void decompose(char32_t point, bool compatibility, std::vector<Pending>& out) {
  if (point < 0xA0) {
    out.push_back({point, 0, 0});
    return;
  }
  if (in_ranges(compatibility ? kNotCompatibilityDecomposed : kNotDecomposed, point)) {
    out.push_back({point, 0, combining_class(point)});
    return;
  }
  const std::u32string parts =
      compatibility ? text::decompose_compatibility(point) : text::decompose(point);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out.push_back({parts[i], i == 0 ? 0 : 1, combining_class(parts[i])});
  }
}

using Pairs = std::unordered_map<std::uint64_t, char32_t>;  // (first << 32 | second) -> composed

// The two that `point` decomposes to in one step: of its full decomposition, all but the last composed again.
void add_pair(char32_t point, const std::vector<Pending>& parts, Pairs& map) {
  char32_t first = parts[0].point;
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    const auto found = map.find(std::uint64_t{first} << 32U | parts[i].point);
    if (found != map.end()) first = found->second;
  }
  map.emplace(std::uint64_t{first} << 32U | parts.back().point, point);
}

Pairs make_pairs() {
  Pairs map;
  for (const std::size_t length : {2U, 3U, 4U}) {  // shorter ones are parts of longer ones
    for (char32_t point = 0xC0; point < 0x30000; ++point) {
      if (point == kHangul) point += kHangulCount;
      if (!text::has_canonical_decomposition(point)) continue;
      if (in_ranges(kNotComposed, point) || in_ranges(kNotDecomposed, point)) continue;
      std::vector<Pending> parts;
      decompose(point, false, parts);
      if (parts.size() == length) add_pair(point, parts, map);
    }
  }
  return map;
}

const Pairs& pairs() {
  static const Pairs made = make_pairs();
  return made;
}

// 0: none.
char32_t composed(char32_t first, char32_t second) {
  if (first - kHangulL < 19 && second - kHangulV < 21) {
    return kHangul + ((first - kHangulL) * 21 + (second - kHangulV)) * 28;
  }
  if (first - kHangul < kHangulCount && (first - kHangul) % 28 == 0 && second > kHangulT &&
      second - kHangulT < 28) {
    return first + (second - kHangulT);
  }
  const auto found = pairs().find(std::uint64_t{first} << 32U | second);
  return found == pairs().end() ? 0 : found->second;
}

// Each point joins the last starter before it unless a mark of its class or a higher one stands between.
void compose(std::vector<Pending>& points) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t starter = kNone;
  std::size_t kept = 0;
  int highest = -1;  // class of the last point that was kept since the starter
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Pending point = points[i];
    if (starter != kNone && highest < point.combining) {
      const char32_t joined = composed(points[starter].point, point.point);
      if (joined != 0) {
        points[starter].point = joined;
        points[starter].change += point.change - 1;
        continue;
      }
    }
    if (point.combining == 0) {
      starter = kept;
      highest = -1;
    } else {
      highest = point.combining;
    }
    points[kept++] = point;
  }
  points.resize(kept);
}

}  // namespace

std::vector<ChangedPoint> normal_form(std::string_view text, NormalForm form) {
  const bool compatibility = form == NormalForm::nfkd || form == NormalForm::nfkc;
  std::vector<Pending> points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) decompose(decode_at(text, at), compatibility, points);
  sort_marks(points);
  if (form == NormalForm::nfc || form == NormalForm::nfkc) compose(points);
  std::vector<ChangedPoint> changed;
  changed.reserve(points.size());
  for (const Pending& point : points) changed.push_back({point.point, point.change});
  return changed;
}

bool may_change(std::string_view text, NormalForm form) {
  // Nothing below U+00C0 has a canonical decomposition, nothing below U+0300 is a mark.
  const unsigned char lowest = form == NormalForm::nfc   ? 0xCC
                               : form == NormalForm::nfd ? 0xC3
                                                         : 0xC2;
  return std::any_of(text.begin(), text.end(),
                     [lowest](char byte) { return static_cast<unsigned char>(byte) >= lowest; });
}

}  // namespace dnd::tokenizer
