#include "tokenizer/pieces.h"

#include <algorithm>

namespace dnd::tokenizer {
namespace {

void merge_equal(std::vector<Span>& spans) {
  std::size_t kept = 0;
  bool previous = false;
  for (const Span& span : spans) {
    if (span.is_match == previous && kept > 0) {
      spans[kept - 1].end = span.end;
    } else {
      spans[kept++] = span;
    }
    previous = span.is_match;
  }
  spans.resize(kept);
}

void merge_with_previous(std::vector<Span>& spans) {
  std::size_t kept = 0;
  bool previous = false;
  for (const Span& span : spans) {
    if (span.is_match && !previous && kept > 0) {
      spans[kept - 1].end = span.end;
    } else {
      spans[kept++] = span;
    }
    previous = span.is_match;
  }
  spans.resize(kept);
}

void merge_with_next(std::vector<Span>& spans) {
  std::reverse(spans.begin(), spans.end());
  std::size_t kept = 0;
  bool previous = false;
  for (const Span& span : spans) {
    if (span.is_match && !previous && kept > 0) {
      spans[kept - 1].begin = span.begin;
    } else {
      spans[kept++] = span;
    }
    previous = span.is_match;
  }
  spans.resize(kept);
  std::reverse(spans.begin(), spans.end());
}

}  // namespace

void apply_behavior(std::vector<Span>& spans, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::removed:
      std::erase_if(spans, [](const Span& span) { return span.is_match; });
      return;
    case SplitBehavior::isolated:
      return;
    case SplitBehavior::contiguous:
      merge_equal(spans);
      return;
    case SplitBehavior::merged_with_previous:
      merge_with_previous(spans);
      return;
    case SplitBehavior::merged_with_next:
      merge_with_next(spans);
      return;
  }
}

void Pieces::reset(bool tracked) {
  tracked_ = tracked;
  text_.clear();
  origins_.clear();
  pieces_.clear();
}

void Pieces::add_part(const NormalizedText& text, std::size_t begin, std::size_t end) {
  if (begin >= end) return;
  const auto at = static_cast<std::uint32_t>(text_.size());
  text_.append(text.text(), begin, end - begin);
  if (tracked_) {
    const auto first = text.origins().begin();
    origins_.insert(origins_.end(), first + static_cast<std::ptrdiff_t>(begin),
                    first + static_cast<std::ptrdiff_t>(end));
  }
  next_.swap(pieces_);
  cut(at, static_cast<std::uint32_t>(text_.size()));
  next_.swap(pieces_);
}

void Pieces::add_text(std::string_view part) {
  if (part.empty()) return;
  const auto at = static_cast<std::uint32_t>(text_.size());
  text_ += part;
  pieces_.push_back({at, static_cast<std::uint32_t>(text_.size()), 0, 0, kNoToken});
}

void Pieces::cut(std::uint32_t begin, std::uint32_t end) {
  Piece piece{begin, end, 0, 0, kNoToken};
  if (tracked_) {
    piece.origin = origins_[begin].begin;
    const std::uint32_t last = origins_[end - 1].end;
    piece.origin_size = last > piece.origin ? last - piece.origin : 0;
  }
  next_.push_back(piece);
}

void Pieces::load(const Piece& piece) {
  if (!tracked_) {
    scratch_.assign(text_of(piece), false);
    return;
  }
  const std::span<const Origin> origins(origins_);
  scratch_.assign(text_of(piece), origins.subspan(piece.begin, piece.end - piece.begin),
                  piece.origin, piece.origin_size);
}

void Pieces::store(Piece& piece) {
  piece.begin = static_cast<std::uint32_t>(next_text_.size());
  next_text_ += scratch_.text();
  piece.end = static_cast<std::uint32_t>(next_text_.size());
  if (!tracked_) return;
  next_origins_.insert(next_origins_.end(), scratch_.origins().begin(), scratch_.origins().end());
}

}  // namespace dnd::tokenizer
