// A tokenizer of tokenizer.json's kind as a base model's.
#pragma once

#include <memory>

#include "tokenizer/base_tokenizer.h"
#include "tokenizer/tokenizer.h"

namespace dnd::tokenizer {

// With `cleans_up` decoded texts lose spaces before marks, as BERT's do (clean_up.h).
std::unique_ptr<BaseTokenizer> make_file_tokenizer(Tokenizer tokenizer, bool cleans_up);

}  // namespace dnd::tokenizer
