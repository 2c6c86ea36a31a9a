#include "text/tokenizer.h"

#include <algorithm>

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

}  // namespace dnd::text
