#include "tokenizer/normalized_text.h"

#include <algorithm>

#include "base/strings.h"
#include "tokenizer/code_points.h"

namespace dnd::tokenizer {

void NormalizedText::assign(std::string_view text, bool tracked, std::uint32_t begin) {
  text_ = text;
  tracked_ = tracked;
  begin_ = begin;
  size_ = static_cast<std::uint32_t>(text.size());
  origins_.clear();
  if (!tracked) return;
  origins_.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t first = at;
    decode_at(text, at);
    const Origin origin{begin + static_cast<std::uint32_t>(first),
                        begin + static_cast<std::uint32_t>(at)};
    origins_.insert(origins_.end(), at - first, origin);
  }
}

void NormalizedText::assign(std::string_view text, std::span<const Origin> origins,
                            std::uint32_t begin, std::uint32_t size) {
  text_ = text;
  tracked_ = !origins.empty();
  origins_.assign(origins.begin(), origins.end());
  begin_ = begin;
  size_ = size;
}

NormalizedText::Bounds NormalizedText::whole_original() const {
  if (size_ == 0) return {0, 0, true};
  Bounds bounds{0, 0, false};
  bool has_begin = false;
  for (std::size_t i = 0; i < origins_.size(); ++i) {
    if (origins_[i].end > begin_ + size_) break;
    if (!has_begin && origins_[i].begin != origins_[i].end) {
      bounds.begin = i;
      has_begin = true;
    }
    bounds.end = i + 1;
    bounds.found = true;
  }
  if (!has_begin) bounds.begin = bounds.end;
  return bounds;
}

void NormalizedText::change(std::span<const ChangedPoint> changed, std::size_t dropped) {
  if (tracked_) {
    const Bounds bounds = whole_original();
    if (bounds.found) change_range(bounds.begin, bounds.end, changed, dropped);
    return;
  }
  text_.clear();
  for (const ChangedPoint& point : changed) append_point(text_, point.point);
}

Origin NormalizedText::origin_at(std::size_t index) const {
  if (index >= origins_.size()) {
    fail(ErrorKind::data,
         "tokenizer: a text cannot be normalised: its beginning comes from "
         "nowhere in the original (a normalizer with an empty prefix or an empty match?)");
  }
  return origins_[index];
}

void NormalizedText::change_range(std::size_t begin, std::size_t end,
                                  std::span<const ChangedPoint> changed, std::size_t dropped) {
  const std::string_view old = std::string_view(text_).substr(begin, end - begin);
  std::size_t read = 0;  // of `old`
  const auto skip = [&](std::size_t points) {
    for (; points > 0 && read < old.size(); --points) decode_at(old, read);
  };
  skip(dropped);
  std::string text;
  std::vector<Origin> origins;
  for (const ChangedPoint& point : changed) {
    const std::size_t at = begin + read;
    Origin origin{begin_, begin_};
    if (point.change <= 0) {
      origin = origin_at(at);
      skip(1 + static_cast<std::size_t>(-point.change));
    } else if (at > 0) {
      origin = origin_at(at - 1);
    }
    append_point(text, point.point);
    origins.insert(origins.end(), utf8_size(point.point), origin);
  }
  const auto first = origins_.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = origins_.begin() + static_cast<std::ptrdiff_t>(end);
  origins_.insert(origins_.erase(first, last), origins.begin(), origins.end());
  text_.replace(begin, end - begin, text);
}

void NormalizedText::prepend(std::string_view prefix) {
  if (text_.empty()) return;
  if (!tracked_) {
    text_.insert(0, prefix);
    return;
  }
  std::vector<ChangedPoint> changed;
  for (std::size_t at = 0; at < prefix.size();) {
    const int change = at == 0 ? 0 : 1;
    changed.push_back({decode_at(prefix, at), change});
  }
  std::size_t first = 0;
  changed.push_back({decode_at(text_, first), 1});
  change_range(0, first, changed, 0);
}

void NormalizedText::replace(std::span<const Span> spans, std::string_view content) {
  std::string text;
  std::vector<Origin> origins;
  text.reserve(text_.size());
  for (const Span& span : spans) {
    if (span.is_match) {
      text += content;
      if (!tracked_) continue;
      const Origin origin = span.end == 0 ? Origin{begin_, begin_} : origins_[span.end - 1];
      origins.insert(origins.end(), content.size(), origin);
    } else {
      text.append(text_, span.begin, span.end - span.begin);
      if (!tracked_) continue;
      origins.insert(origins.end(), origins_.begin() + span.begin, origins_.begin() + span.end);
    }
  }
  text_ = std::move(text);
  origins_ = std::move(origins);
}

}  // namespace dnd::tokenizer
