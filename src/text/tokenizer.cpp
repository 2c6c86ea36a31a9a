#include "text/tokenizer.h"

#include <algorithm>

#include "base/paths.h"
#include "base/strings.h"
#include "text/sentencepiece.h"
#include "text/wordpiece.h"

namespace dnd::text {

TokenBatch tokenize(const TextTokenizer& tokenizer, const std::vector<std::string>& prompts,
                    std::size_t max_length) {
  TokenBatch batch;
  batch.prompts = static_cast<std::int64_t>(prompts.size());
  batch.length = static_cast<std::int64_t>(max_length);
  batch.ids.assign(prompts.size() * max_length, tokenizer.padding_id());
  batch.mask.assign(prompts.size() * max_length, 0);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<std::int32_t> ids = tokenizer.encode(prompts[i], max_length);
    const auto row = static_cast<std::ptrdiff_t>(i * max_length);
    std::copy(ids.begin(), ids.end(), batch.ids.begin() + row);
    std::fill_n(batch.mask.begin() + row, ids.size(), std::uint8_t{1});
  }
  return batch;
}

std::unique_ptr<TextTokenizer> load_tokenizer(const std::filesystem::path& encoder_folder) {
  const auto has = [&](const char* name) { return is_file(encoder_folder / name); };
  if (has("spiece.model")) return load_sentencepiece(encoder_folder);
  if (has("tokenizer.json") || has("vocab.txt")) return load_wordpiece(encoder_folder);
  fail(ErrorKind::no_input, "tokenizer: ", encoder_folder.string(),
       ": holds none of spiece.model, tokenizer.json, vocab.txt (not an encoder's folder?)");
}

}  // namespace dnd::text
