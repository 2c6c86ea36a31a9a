#include "generate/embedding.h"

#include "base/strings.h"

namespace dnd::generate {

std::vector<float> pooled_embedding(std::span<const float> condition,
                                    std::span<const std::uint8_t> mask, std::size_t width) {
  if (condition.size() != mask.size() * width) {
    fail(ErrorKind::internal, "embedding: a mask that does not fit its condition");
  }
  std::vector<double> sum(width);
  double real = 0.0;
  for (std::size_t token = 0; token < mask.size(); ++token) {
    if (mask[token] == 0) continue;
    real += 1.0;
    for (std::size_t c = 0; c < width; ++c) {
      sum[c] += static_cast<double>(condition[token * width + c]);
    }
  }
  std::vector<float> mean(width);
  for (std::size_t c = 0; c < width; ++c) {
    mean[c] = static_cast<float>(real > 0.0 ? sum[c] / real : 0.0);
  }
  return mean;
}

std::vector<float> mean_embedding(const std::vector<std::vector<float>>& embeddings) {
  std::vector<double> sum(embeddings.at(0).size());
  for (const auto& embedding : embeddings) {
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += static_cast<double>(embedding.at(c));
  }
  std::vector<float> mean(sum.size());
  for (std::size_t c = 0; c < sum.size(); ++c) {
    mean[c] = static_cast<float>(sum[c] / static_cast<double>(embeddings.size()));
  }
  return mean;
}

}  // namespace dnd::generate
