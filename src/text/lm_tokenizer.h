// The tokenizer of a Llama-type language model (SentencePiece's tokenizer.model): text <-> ids.
//
// Ids are those of transformers' LlamaTokenizer for the same folder: special tokens are found in the
// raw text; of the model's normalisation only the space before the text counts, and none is added
// where one is there. Models that are not BPE go through the library as they were trained.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/sentencepiece_model.h"
#include "text/special_tokens.h"

namespace dnd::text {

// Immutable after construction: one object may serve several threads.
class LmTokenizer {
 public:
  // Reads folder/tokenizer.model and, where it is there, folder/tokenizer_config.json: add_bos_token
  // (default true), add_eos_token (false), add_prefix_space, legacy, bos_token, eos_token,
  // added_tokens_decoder. Throws Error(no_input) or Error(data).
  explicit LmTokenizer(const std::filesystem::path& folder);

  // With `markers`, those that the tokenizer adds included. Never throws for any text: bytes that are not
  // UTF-8 count as U+FFFD.
  std::vector<std::int32_t> encode(std::string_view text, bool markers = true) const;

  // The text of ids that follow others: a leading space is kept. Special tokens, <unk> and ids that
  // nothing is known about are left out. Bytes (<0x0A>) that make no UTF-8 are U+FFFD, one for each.
  std::string decode(std::span<const std::int32_t> ids) const;
  // The text of ids alone: without a leading space where encoding adds one, and with special tokens on
  // demand.
  std::string decode_text(std::span<const std::int32_t> ids, bool skip_special_tokens) const;

  std::optional<std::int32_t> id_of(std::string_view token) const;
  std::optional<std::string> token_of(std::int32_t id) const;

  // Every id is below this; and below the other without added tokens.
  std::int64_t vocabulary_size() const { return vocabulary_size_; }
  std::int64_t pieces() const { return pieces_.size(); }
  std::int32_t end_id() const {
    return end_id_;
  }  // of </s> or what stands for it; -1: there is none

 private:
  LmTokenizer(const std::filesystem::path& model, std::string_view bytes, std::string who);
  void read_config(const std::filesystem::path& path);
  void add_token(std::int32_t id, const std::string& content, bool special);
  std::string decode(std::span<const std::int32_t> ids, bool with_special) const;
  std::int32_t find_token(const std::string& content) const;  // -1: there is none
  void append_segment(std::string_view segment, bool first, std::vector<std::int32_t>& ids) const;

  std::string who_;
  SentencePieceFacts facts_;
  SentencePieceModel pieces_;
  std::vector<SpecialToken> specials_;         // found in the raw text
  std::map<std::int32_t, std::string> added_;  // texts of ids beyond the pieces
  bool adds_prefix_ = true;                    // a space before the text
  bool prefix_everywhere_ = false;             // also after special tokens
  std::int64_t vocabulary_size_ = 0;
  std::int32_t begin_id_ = -1;  // put before each text; -1: none is
  std::int32_t end_id_ = -1;
  bool adds_end_ = false;
};

}  // namespace dnd::text
