// Which of transformers' classes reads a folder's tokenizer.json, and what the class makes of it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace dnd::tokenizer {

enum class TokenizerClass {
  backend,  // TokenizersBackend: the file as it is
  llama,
  gemma,
  gpt2,
  gpt_neox,
  qwen2,
  qwen3_5,
  bert,
  roberta,
  xlm_roberta,
};

// What AutoTokenizer chooses. `config`: config.json, `settings`: tokenizer_config.json, each an object,
// empty where there is no file; `file`: the text of the tokenizer.json. `who` begins messages. Throws
// Error(data) for a class that is known to have rules of its own, and is not one of the above.
TokenizerClass choose_class(const Json& config, const Json& settings, std::string_view file,
                            const std::string& who);

// Special tokens that the class has where the settings are silent; null: none, whatever else would give one.
std::vector<std::pair<std::string, Json>> default_tokens(TokenizerClass kind);

// Puts the class's own parts in the place of the document's (a tokenizer.json). `settings` as the class gets
// them; `unknown` is the text of the unk_token. Throws Error(data) where the document's model is of another
// kind than the class's.
void rebuild(TokenizerClass kind, const Json& settings, const std::string& unknown, Json& document,
             const std::string& who);

}  // namespace dnd::tokenizer
