// The "pre_tokenizer" of a tokenizer.json.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "tokenizer/pieces.h"

namespace dnd::tokenizer {

// Immutable after construction: one object may serve several threads.
class PreTokenizer {
 public:
  PreTokenizer() = default;
  PreTokenizer(const PreTokenizer&) = delete;
  PreTokenizer& operator=(const PreTokenizer&) = delete;
  virtual ~PreTokenizer() = default;

  // Throws Error(data) where an expression takes too much work.
  virtual void split(Pieces& pieces) const = 0;
  // Whether it asks where a piece comes from.
  virtual bool needs_origins() const { return false; }
  // Leaves out the last step, if that is GPT-2's alphabet for bytes; true if it was: the pieces are bytes of
  // UTF-8 that append_byte_level() is still to be done to.
  virtual bool drop_byte_level() { return false; }
};

// `who` begins messages. Throws Error(data), for other types than the library has, too.
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const Json& value, const std::string& who,
                                                 int depth = 0);

// "Metaspace" of a pre-tokenizer or a decoder.
enum class PrependScheme { first, never, always };
struct Metaspace {
  char32_t replacement = U'\u2581';
  PrependScheme scheme = PrependScheme::always;
  bool splits = true;
};
Metaspace read_metaspace(JsonObject& fields);

}  // namespace dnd::tokenizer
