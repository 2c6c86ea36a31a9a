// Products with matrices that stay where and as they are stored: in a mapped file, in half precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "ops/workers.h"

namespace dnd::ops::cpu {

// W (out, in), row by row without gaps, of any alignment; f32, bf16, or f16 (finite). Not owned.
struct StoredMatrix {
  const std::byte* data = nullptr;
  Dtype dtype = Dtype::f32;
  std::int64_t out = 0;
  std::int64_t in = 0;

  std::int64_t value_bytes() const { return dtype == Dtype::f32 ? 4 : 2; }
};

// y += x W^T for x (rows, in) and y (rows, out), whose rows are so many floats apart.
struct StoredProduct {
  StoredMatrix weight;
  const float* x = nullptr;
  std::int64_t x_stride = 0;
  float* y = nullptr;
  std::int64_t y_stride = 0;
};

// All of `products`, each with as many rows, on all workers; their y do not overlap. What is added to an
// element depends on its row of x and its row of W alone: not on the other rows, their number or threads.
// Sums are fp32, in pieces of at most 1,024 products.
void add_products(const Workers& workers, std::span<const StoredProduct> products,
                  std::int64_t rows);

// One of them on the calling thread.
void add_product(const StoredProduct& product, std::int64_t rows);

}  // namespace dnd::ops::cpu
