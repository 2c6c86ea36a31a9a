#include "ops/cuda/host_twin.h"

#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "base/strings.h"
#include "ops/cuda/launch_limits.h"

namespace dnd::ops::cuda {
namespace {

constexpr std::align_val_t kMemoryAlignment{256};

template <typename Body>
void for_each_turn(TurnOrder order, std::int64_t count, Body body) {
  for (std::int64_t i = 0; i < count; ++i) body(order == TurnOrder::forward ? i : count - 1 - i);
}

template <typename Kernel>
void run_block(const Kernel& kernel, const Block& block, TurnOrder order) {
  // Exactly as large as asked for, and new for every block.
  const auto shared = std::make_unique<float[]>(kernel.shared_floats());
  for (std::size_t i = 0; i < kernel.shared_floats(); ++i) {
    shared[i] = std::numeric_limits<float>::quiet_NaN();
  }
  for (int phase = 0; phase < kernel.phases(); ++phase) {
    for_each_turn(order, Kernel::kThreads, [&](std::int64_t thread) {
      kernel.run(phase, block, static_cast<int>(thread), shared.get());
    });
  }
}

template <typename Kernel>
void run_all(const Kernel& kernel, TurnOrder order) {
  check_launch<Kernel>(kernel);
  const Grid grid = kernel.grid();
  for_each_turn(order, grid.x * grid.y * grid.z, [&](std::int64_t i) {
    const Block block{static_cast<int>(i % grid.x), static_cast<int>(i / grid.x % grid.y),
                      static_cast<int>(i / grid.x / grid.y)};
    run_block(kernel, block, order);
  });
}

std::vector<float> from_half(const std::uint16_t* values, std::size_t count) {
  std::vector<float> result(count);
  for (std::size_t i = 0; i < count; ++i) result[i] = f16_to_f32(values[i]);
  return result;
}

}  // namespace

void* HostTwin::allocate(std::size_t bytes) {
  if (bytes > free_) {
    fail(ErrorKind::memory, "host twin: ", human_bytes(bytes), " of ", human_bytes(free_));
  }
  void* memory = ::operator new(bytes, kMemoryAlignment);
  sizes_.emplace(memory, bytes);
  free_ -= bytes;
  return memory;
}

void HostTwin::release(void* memory) noexcept {
  const auto found = sizes_.find(memory);
  free_ += found->second;
  sizes_.erase(found);
  ::operator delete(memory, kMemoryAlignment);
}

std::size_t HostTwin::free_bytes() { return free_; }

void HostTwin::upload(void* to, const void* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

void HostTwin::download(void* to, const void* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

void HostTwin::clear(void* memory, std::size_t bytes) { std::memset(memory, 0, bytes); }

void HostTwin::launch(const LayerNorm& kernel) { run_all(kernel, order_); }
void HostTwin::launch(const WeightScales& kernel) { run_all(kernel, order_); }
void HostTwin::launch(const WeightTransform& kernel) { run_all(kernel, order_); }
void HostTwin::launch(const ForwardTransform& kernel) { run_all(kernel, order_); }
void HostTwin::launch(const InverseTransform& kernel) { run_all(kernel, order_); }

void HostTwin::launch(const BatchedProduct& product) {
  const ConvPlan& plan = product.plan;
  const auto depth = static_cast<std::size_t>(plan.padded_in);
  const std::size_t rows = 2 * static_cast<std::size_t>(plan.tiles);
  const std::size_t columns = 2 * static_cast<std::size_t>(plan.padded_out);
  const float scale = power_of_two(plan.product_exponent());
  for (int bin = 0; bin < plan.bins; ++bin) {
    const auto x = from_half(product.inputs + plan.input_index(bin, 0, 0, 0), rows * depth);
    const auto w = from_half(product.weights + plan.weight_index(bin, 0, 0, 0), columns * depth);
    std::uint16_t* y = product.products + plan.product_index(bin, 0, 0, 0, 0);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        float sum = 0.0F;
        for (std::size_t i = 0; i < depth; ++i) sum += x[row * depth + i] * w[column * depth + i];
        y[row * columns + column] = f32_to_f16(sum * scale);
      }
    }
  }
}

}  // namespace dnd::ops::cuda
