// The "decoder" of a tokenizer.json.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"

namespace dnd::tokenizer {

// Immutable after construction: one object may serve several threads.
class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  // Turns tokens into texts that give the decoded text when put together. Throws Error(data) where the
  // reference cannot do that.
  virtual void decode(std::vector<std::string>& tokens) const = 0;
};

// `who` begins messages. Throws Error(data), for other types than the library has, too.
std::unique_ptr<Decoder> read_decoder(const Json& value, const std::string& who, int depth = 0);

}  // namespace dnd::tokenizer
