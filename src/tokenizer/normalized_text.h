// A text while normalizers and pre-tokenizers change it.
//
// The reference keeps, for every byte, which bytes of the original it comes from, and its changes of a
// whole text go by that: after a change that gives the beginning a place of no width (an empty prefix, an
// empty match replaced), the next one puts its result beside the text, or fails. Few tokenizers can come to
// that, so the places are kept only where `tracked`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normal_forms.h"

namespace dnd::tokenizer {

// Where a byte comes from, in bytes of the whole original text.
struct Origin {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// A part of a text that a pattern matched, or what stands between two matches. Bytes.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool is_match = false;
};

class NormalizedText {
 public:
  NormalizedText() = default;
  // An original text, or a part of one that begins at `begin`.
  void assign(std::string_view text, bool tracked, std::uint32_t begin = 0);
  // A part of a text whose origins are known.
  void assign(std::string_view text, std::span<const Origin> origins, std::uint32_t begin,
              std::uint32_t size);

  const std::string& text() const { return text_; }
  bool tracked() const { return tracked_; }
  const std::vector<Origin>& origins() const { return origins_; }
  // Of the part of the original that this text stands for.
  std::uint32_t begin() const { return begin_; }
  std::uint32_t size() const { return size_; }

  // The whole text becomes `changed`; `dropped` code points at its beginning are gone. Throws Error(data)
  // where the reference cannot do that.
  void change(std::span<const ChangedPoint> changed, std::size_t dropped = 0);
  // The same, where nothing is tracked.
  void replace_text(std::string text) { text_ = std::move(text); }
  // Puts `prefix` before a text that is not empty.
  void prepend(std::string_view prefix);
  // Replaces matches among `spans`, which cover the text.
  void replace(std::span<const Span> spans, std::string_view content);

 private:
  struct Bounds {
    std::size_t begin;
    std::size_t end;
    bool found;
  };
  Bounds whole_original() const;
  void change_range(std::size_t begin, std::size_t end, std::span<const ChangedPoint> changed,
                    std::size_t dropped);
  Origin origin_at(std::size_t index) const;

  std::string text_;
  std::vector<Origin> origins_;
  std::uint32_t begin_ = 0;
  std::uint32_t size_ = 0;
  bool tracked_ = false;
};

}  // namespace dnd::tokenizer
