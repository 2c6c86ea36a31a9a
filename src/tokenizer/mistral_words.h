// The mending of Mistral's expression for words, as transformers does it on demand.
#pragma once

#include "base/json.h"

namespace dnd::tokenizer {

// Where `settings` (tokenizer_config.json) have "fix_mistral_regex": true, `config` (config.json) is of a
// Mistral, or of nothing known, that transformers before 5 wrote, and the vocabulary is above 100,000:
// puts the mended expression into the pre-tokenizer of `document`, a tokenizer.json.
void mend_mistral_words(const Json& config, const Json& settings, Json& document);

}  // namespace dnd::tokenizer
