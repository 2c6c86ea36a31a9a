// Keys and values of the tokens that a sequence has seen.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "lm/model_config.h"
#include "ops/cpu/cached_attention.h"

namespace dnd::lm {

// Its first tokens may be those of another sequence, which is whole by then and which several may share.
class Sequence {
 public:
  // Room for `capacity` tokens after those of `before`.
  Sequence(const ModelConfig& config, std::int64_t capacity,
           std::shared_ptr<const Sequence> before = nullptr);

  // Bytes of keys and values of a token in all layers.
  static std::int64_t token_bytes(const ModelConfig& config);

  std::int64_t length() const { return begin_ + own_; }  // tokens seen, shared ones too
  void grow(std::int64_t tokens) { own_ += tokens; }

  // Where the values of one head of the token at `position` go, and how far apart heads are: first all
  // key heads, then all value heads.
  float* place(std::int64_t layer, std::int64_t position);
  std::int64_t head_stride() const { return capacity_ * head_size_; }

  // A layer's tokens from the first one on; `more`: tokens placed that are not counted as seen yet.
  std::vector<ops::cpu::CachedTokens> cached(std::int64_t layer, std::int64_t more) const;

 private:
  std::shared_ptr<const Sequence> before_;
  std::int64_t begin_ = 0;  // tokens of `before_`
  std::int64_t own_ = 0;
  std::int64_t capacity_ = 0;
  std::int64_t heads_ = 0;
  std::int64_t head_size_ = 0;
  at::Tensor cache_;  // (layers, 2, key/value heads, capacity, D)
};

}  // namespace dnd::lm
