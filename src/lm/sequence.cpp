#include "lm/sequence.h"

#include <ATen/ops/empty.h>

#include <utility>

namespace dnd::lm {

Sequence::Sequence(const ModelConfig& config, std::int64_t capacity,
                   std::shared_ptr<const Sequence> before)
    : before_(std::move(before)),
      begin_(before_ ? before_->length() : 0),
      capacity_(capacity),
      heads_(config.key_value_heads),
      head_size_(config.head_size),
      cache_(at::empty({config.layers, 2, heads_, capacity, head_size_}, at::kFloat)) {}

std::int64_t Sequence::token_bytes(const ModelConfig& config) {
  return config.layers * 2 * config.key_value_width() * static_cast<std::int64_t>(sizeof(float));
}

float* Sequence::place(std::int64_t layer, std::int64_t position) {
  return cache_.mutable_data_ptr<float>() + layer * 2 * heads_ * head_stride() +
         (position - begin_) * head_size_;
}

std::vector<ops::cpu::CachedTokens> Sequence::cached(std::int64_t layer, std::int64_t more) const {
  std::vector<ops::cpu::CachedTokens> all;
  if (before_) all = before_->cached(layer, 0);
  const float* keys = cache_.const_data_ptr<float>() + layer * 2 * heads_ * head_stride();
  all.push_back({keys, keys + heads_ * head_stride(), head_stride(), own_ + more});
  return all;
}

}  // namespace dnd::lm
