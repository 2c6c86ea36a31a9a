// Text encoders' own tokenizers: prompts -> ids, exactly as the Hugging Face tokenizer of the same
// folder gives them. One seam (TextTokenizer), two kinds: SentencePiece (T5: text/sentencepiece.h) and
// tokenizer.json or BERT's vocab.txt (tokenizer/encoder_tokenizer.h, which finds the right one).
//
// Non-goals: decoding, offsets, pairs of texts, training.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::text {

// Ids and mask of a batch, both (prompts, length) row-major; mask 1 = real token, 0 = padding.
struct TokenBatch {
  std::int64_t prompts = 0;
  std::int64_t length = 0;
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> mask;
};

// Immutable after construction: one object may serve several threads.
class TextTokenizer {
 public:
  TextTokenizer() = default;
  TextTokenizer(const TextTokenizer&) = delete;
  TextTokenizer& operator=(const TextTokenizer&) = delete;
  virtual ~TextTokenizer() = default;

  // Special tokens included, cut to max_length so that the end marker survives. Bytes that are not UTF-8
  // count as U+FFFD. Throws Error(usage) if max_length has no room for the special tokens; Error(data) only
  // where a tokenizer.json has no token for what it does not know.
  virtual std::vector<std::int32_t> encode(std::string_view text, std::size_t max_length) const = 0;
  virtual std::int32_t padding_id() const = 0;
  // Every id is below this: rows that the embedding needs.
  virtual std::int64_t vocabulary_size() const = 0;
};

// One row for each prompt, padded right to max_length.
TokenBatch tokenize(const TextTokenizer& tokenizer, const std::vector<std::string>& prompts,
                    std::size_t max_length);

}  // namespace dnd::text
