// Products with stored matrices against ATen in fp64, and bit by bit against themselves.
#include "ops/cpu/stored_linear.h"

#include <ATen/Tensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "support/every_target.h"
#include "support/tensors.h"

namespace dnd::ops::cpu {
namespace {

using testing::largest_difference;

// A matrix as a file may hold it: at an odd address, nothing behind it that may be read.
class Stored {
 public:
  Stored(const at::Tensor& values, Dtype dtype)
      : out_(values.size(0)),
        in_(values.size(1)),
        dtype_(dtype),
        size_(static_cast<std::size_t>(values.numel()) * dtype_bits(dtype) / 8),
        bytes_(std::make_unique<std::byte[]>(size_ + 1)) {
    const auto count = static_cast<std::size_t>(values.numel());
    from_f32(dtype, {values.const_data_ptr<float>(), count}, {bytes_.get() + 1, size_});
  }

  StoredMatrix view() const { return {bytes_.get() + 1, dtype_, out_, in_}; }
  at::Tensor values() const {
    at::Tensor all = at::empty({out_, in_}, at::kFloat);
    to_f32(dtype_, {bytes_.get() + 1, size_},
           {all.mutable_data_ptr<float>(), static_cast<std::size_t>(all.numel())});
    return all;
  }

 private:
  std::int64_t out_, in_;
  Dtype dtype_;
  std::size_t size_;
  std::unique_ptr<std::byte[]> bytes_;
};

void add(const Workers& workers, const StoredMatrix& w, const at::Tensor& x, const at::Tensor& y) {
  const std::array<StoredProduct, 1> product = {
      {{w, x.const_data_ptr<float>(), x.stride(0), y.mutable_data_ptr<float>(), y.stride(0)}}};
  add_products(workers, product, x.size(0));
}

at::Tensor product(const StoredMatrix& w, const at::Tensor& x, int threads = 1) {
  const at::Tensor y = at::zeros({x.size(0), w.out});
  add(Workers(threads), w, x, y);
  return y;
}

constexpr std::array<Dtype, 3> kTypes = {Dtype::f32, Dtype::bf16, Dtype::f16};

TEST(StoredLinear, EqualsFp64OnEveryTarget) {
  const c10::InferenceMode inference;
  at::manual_seed(0);
  testing::on_every_target([] {
    for (const Dtype dtype : kTypes) {
      for (const auto& [rows, in, out] : {std::array<std::int64_t, 3>{1, 1, 1},
                                          {2, 16, 5},
                                          {3, 7, 4},
                                          {13, 33, 6},
                                          {100, 80, 23},
                                          {7, 1500, 9},
                                          {30, 2600, 3}}) {
        SCOPED_TRACE(::testing::Message() << rows << " x " << in << " -> " << out);
        const at::Tensor x = at::randn({rows, in});
        at::Tensor weight = at::randn({out, in});
        weight[0][0] = 3e-6F;  // a subnormal half
        const Stored stored(weight, dtype);
        const at::Tensor exact = at::linear(x.to(at::kDouble), stored.values().to(at::kDouble));
        const double bar = 1e-6 * std::sqrt(static_cast<double>(in));
        EXPECT_LT(largest_difference(product(stored.view(), x), exact), 5.0 * bar);
      }
    }
  });
}

TEST(StoredLinear, AddsToRowsThatAreApart) {
  const c10::InferenceMode inference;
  at::manual_seed(1);
  const at::Tensor x = at::randn({5, 40});
  const at::Tensor y = at::randn({5, 40});
  const at::Tensor before = y.clone();
  const Stored stored(at::randn({10, 20}), Dtype::bf16);
  add(Workers(2), stored.view(), x.narrow(1, 8, 20), y.narrow(1, 30, 10));
  EXPECT_TRUE(y.narrow(1, 0, 30).equal(before.narrow(1, 0, 30)));
  const at::Tensor sum = before.narrow(1, 30, 10) + product(stored.view(), x.narrow(1, 8, 20));
  EXPECT_TRUE(y.narrow(1, 30, 10).equal(sum));
}

TEST(StoredLinear, AnElementDependsOnItsTwoRowsAlone) {
  const c10::InferenceMode inference;
  at::manual_seed(2);
  testing::on_every_target([] {
    for (const Dtype dtype : kTypes) {
      for (const std::int64_t in : {24, 1100}) {
        const at::Tensor x = at::randn({150, in});
        const Stored stored(at::randn({21, in}), dtype);
        const at::Tensor all = product(stored.view(), x);
        EXPECT_TRUE(product(stored.view(), x, 2).equal(all));
        EXPECT_TRUE(product(stored.view(), x, 3).equal(all));
        for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 31}) {
          const at::Tensor some = product(stored.view(), x.narrow(0, 71, rows));
          EXPECT_TRUE(some.equal(all.narrow(0, 71, rows))) << rows;
        }
        StoredMatrix last = stored.view();
        last.data += 20 * in * last.value_bytes();
        last.out = 1;
        EXPECT_TRUE(product(last, x).equal(all.narrow(1, 20, 1)));
      }
    }
  });
}

TEST(StoredLinear, ProductsOfOneCallAreThoseOfSeveral) {
  const c10::InferenceMode inference;
  at::manual_seed(3);
  const Workers workers(2);
  const at::Tensor x = at::randn({9, 64});
  const Stored first(at::randn({70, 64}), Dtype::f16);
  const Stored second(at::randn({6, 32}), Dtype::f32);
  const at::Tensor y = at::zeros({9, 76});
  float* out = y.mutable_data_ptr<float>();
  const float* in = x.const_data_ptr<float>();
  const std::array<StoredProduct, 2> products = {
      {{first.view(), in, 64, out, 76}, {second.view(), in + 32, 64, out + 70, 76}}};
  add_products(workers, products, 9);
  EXPECT_TRUE(y.narrow(1, 0, 70).equal(product(first.view(), x)));
  EXPECT_TRUE(y.narrow(1, 70, 6).equal(product(second.view(), x.narrow(1, 32, 32))));
  add_products(workers, products, 0);
}

}  // namespace
}  // namespace dnd::ops::cpu
