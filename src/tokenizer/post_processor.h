// The "post_processor" of a tokenizer.json: which special tokens stand around a text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "tokenizer/vocabulary.h"

namespace dnd::tokenizer {

// The ids of a text, in parts: what one post-processor puts together, the next of a sequence has as parts.
using Parts = std::vector<std::vector<TokenId>>;

// Immutable after construction: one object may serve several threads.
class PostProcessor {
 public:
  PostProcessor() = default;
  PostProcessor(const PostProcessor&) = delete;
  PostProcessor& operator=(const PostProcessor&) = delete;
  virtual ~PostProcessor() = default;

  // Throws Error(data) where the reference cannot do that: a template that names what is not there.
  virtual void process(Parts& parts, bool add_special_tokens) const = 0;
};

// `who` begins messages. Throws Error(data), for other types than the library has, too.
std::unique_ptr<PostProcessor> read_post_processor(const Json& value, const std::string& who,
                                                   int depth = 0);

}  // namespace dnd::tokenizer
