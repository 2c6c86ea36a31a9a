// Sets of code points as ranges, for expressions: operations take as long as the sets have ranges.
#pragma once

#include <vector>

#include "tokenizer/code_points.h"

namespace dnd::tokenizer {

class CodePointRanges {
 public:
  CodePointRanges() = default;
  // Ascending, disjoint, not adjacent.
  explicit CodePointRanges(std::vector<CodePointRange> ranges) : ranges_(std::move(ranges)) {}

  const std::vector<CodePointRange>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  bool contains(char32_t point) const;
  void add(char32_t first, char32_t last);
  CodePointRanges& operator|=(const CodePointRanges& other);
  CodePointRanges& operator&=(const CodePointRanges& other);
  void invert();  // surrogates stay outside

 private:
  std::vector<CodePointRange> ranges_;
};

// The members of a set. Made once for each set; may be called by several threads.
const CodePointRanges& ranges_of(const CategorySet& set);

}  // namespace dnd::tokenizer
