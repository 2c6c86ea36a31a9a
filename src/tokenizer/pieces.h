// A text in pieces, while pre-tokenizers cut it up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normalized_text.h"
#include "tokenizer/vocabulary.h"

namespace dnd::tokenizer {

// What becomes of the matches of a pattern.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

// Turns spans that cover a text into the parts that stay.
void apply_behavior(std::vector<Span>& spans, SplitBehavior behavior);

class Pieces {
 public:
  struct Piece {
    std::uint32_t begin = 0;  // in text()
    std::uint32_t end = 0;
    std::uint32_t origin = 0;  // of what it stands for, in the original; of tracked texts
    std::uint32_t origin_size = 0;
    TokenId token = kNoToken;  // an added token: not to be cut
  };

  void reset(bool tracked);
  const std::string& text() const { return text_; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  std::string_view text_of(const Piece& piece) const {
    return std::string_view(text_).substr(piece.begin, piece.end - piece.begin);
  }

  void add_token(TokenId token) { pieces_.push_back({0, 0, 0, 0, token}); }
  // A part of a text (unless it is empty).
  void add_part(const NormalizedText& text, std::size_t begin, std::size_t end);
  void add_text(std::string_view part);  // where nothing is tracked

  // Cuts every piece that is no token: find(text, spans) appends spans of its text; those that are not empty
  // are the pieces then.
  template <typename Find>
  void split(const Find& find) {
    next_.clear();
    for (const Piece& piece : pieces_) {
      if (piece.token != kNoToken) {
        next_.push_back(piece);
        continue;
      }
      spans_.clear();
      find(text_of(piece), spans_);
      for (const Span& span : spans_) {
        if (span.begin < span.end) cut(piece.begin + span.begin, piece.begin + span.end);
      }
    }
    pieces_.swap(next_);
  }

  // Changes the text of every piece that is no token: change(NormalizedText&).
  template <typename Change>
  void rewrite(const Change& change) {
    next_text_.clear();
    next_origins_.clear();
    next_.clear();
    for (Piece piece : pieces_) {
      if (piece.token == kNoToken) {
        load(piece);
        change(scratch_);
        store(piece);
        if (piece.begin == piece.end) continue;
      }
      next_.push_back(piece);
    }
    pieces_.swap(next_);
    text_.swap(next_text_);
    origins_.swap(next_origins_);
  }

 private:
  void cut(std::uint32_t begin, std::uint32_t end);
  void load(const Piece& piece);
  void store(Piece& piece);

  bool tracked_ = false;
  std::string text_;
  std::vector<Origin> origins_;  // by byte, of tracked texts
  std::vector<Piece> pieces_;
  std::vector<Piece> next_;
  std::string next_text_;
  std::vector<Origin> next_origins_;
  std::vector<Span> spans_;
  NormalizedText scratch_;
};

}  // namespace dnd::tokenizer
