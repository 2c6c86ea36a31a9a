// Softmax attention of many queries over few keys, without a matrix of all scores.
#pragma once

#include <hwy/aligned_allocator.h>

#include <cstddef>
#include <cstdint>

namespace dnd::ops::cpu {

struct AttentionShape {
  std::int64_t heads = 0;
  std::int64_t head_size = 0;
  std::int64_t keys = 0;  // at least 1

  std::int64_t width() const { return heads * head_size; }
};

// Keys and values of one sequence in the order in which the kernel reads them: per head the keys
// transposed, then the values, rows padded with zeros to whole vectors. Movable.
class AttentionKeys {
 public:
  // `rows` (keys, 2 * width): keys and values beside each other, rows `stride` floats apart.
  AttentionKeys(const AttentionShape& shape, const float* rows, std::int64_t stride);

  const AttentionShape& shape() const { return shape_; }
  std::int64_t padded_keys() const;
  std::int64_t padded_head() const;
  const float* keys(std::int64_t head) const;    // (head_size, padded_keys)
  const float* values(std::int64_t head) const;  // (keys, padded_head)

 private:
  std::int64_t head_floats() const;

  AttentionShape shape_;
  hwy::AlignedFreeUniquePtr<float[]> data_;
};

// Queries (rows, width), in C order.
struct AttentionQueries {
  const float* data = nullptr;
  std::int64_t rows = 0;
  float scale = 1.0F;           // of the scores
  const float* bias = nullptr;  // added to the scores: value of head h, row r, key k at
  std::int64_t bias_head = 0;   // bias[h * bias_head + r * bias_row + k]; null for none
  std::int64_t bias_row = 0;
};

// Context (rows, width) in C order, to `out`; scores are shifted by the largest of their row.
// A row's result does not depend on the other rows.
void attend(const AttentionKeys& keys, const AttentionQueries& queries, float* out);

}  // namespace dnd::ops::cpu
