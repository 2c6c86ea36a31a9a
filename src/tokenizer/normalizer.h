// The "normalizer" of a tokenizer.json.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "tokenizer/normalized_text.h"

namespace dnd::tokenizer {

// Immutable after construction: one object may serve several threads.
class Normalizer {
 public:
  Normalizer() = default;
  Normalizer(const Normalizer&) = delete;
  Normalizer& operator=(const Normalizer&) = delete;
  virtual ~Normalizer() = default;

  // Throws Error(data) for texts that the reference cannot normalise.
  virtual void normalize(NormalizedText& text) const = 0;
  // Whether it may leave a text whose beginning comes from nowhere: such texts are to be tracked.
  virtual bool needs_origins() const { return false; }
};

// `who` begins messages. Throws Error(data), for other types than the library has, too.
std::unique_ptr<Normalizer> read_normalizer(const Json& value, const std::string& who,
                                            int depth = 0);

}  // namespace dnd::tokenizer
