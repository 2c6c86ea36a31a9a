// What a convolution and the decoder need of a device. There are two: a CUDA device, and the host
// twin that runs the same kernels on the CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "ops/cuda/forward_transform.h"
#include "ops/cuda/inverse_transform.h"
#include "ops/cuda/layer_norm.h"
#include "ops/cuda/weight_transform.h"

namespace dnd::ops::cuda {

// For every bin: Y = X * W^T * 2^product_exponent() in the layouts of conv_plan.h: (2 tiles x padded_in) by
// (padded_in x 2 padded_out), all fp16, sums in fp32.
struct BatchedProduct {
  static constexpr const char* kName = "product";

  ConvPlan plan;
  const std::uint16_t* inputs = nullptr;
  const std::uint16_t* weights = nullptr;
  std::uint16_t* products = nullptr;
};

// Work is done in the order of the calls. One caller at a time. Everything throws dnd::Error; the
// failure of a kernel may come with a later call, with wait() at the latest.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  // At least 256-byte aligned, not initialised. Throws Error(memory) if there is not enough.
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void release(void* memory) noexcept = 0;
  virtual std::size_t free_bytes() = 0;

  virtual void upload(void* to, const void* from,
                      std::size_t bytes) = 0;  // `from` may go after that
  virtual void download(void* to, const void* from, std::size_t bytes) = 0;
  virtual void clear(void* memory, std::size_t bytes) = 0;

  virtual void launch(const LayerNorm& kernel) = 0;
  virtual void launch(const WeightScales& kernel) = 0;
  virtual void launch(const WeightTransform& kernel) = 0;
  virtual void launch(const ForwardTransform& kernel) = 0;
  virtual void launch(const InverseTransform& kernel) = 0;
  virtual void launch(const BatchedProduct& product) = 0;

  virtual void wait() = 0;
};

// Memory of a device for `size` elements. Movable; the device must outlive it.
template <typename T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(Device& device, std::int64_t size)
      : device_(&device),
        size_(size),
        data_(static_cast<T*>(device.allocate(static_cast<std::size_t>(size) * sizeof(T)))) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data_ != nullptr) device_->release(data_);
  }

  T* data() const { return data_; }
  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

  void clear() { device_->clear(data_, bytes()); }
  void upload(const T* from) { device_->upload(data_, from, bytes()); }
  std::vector<T> download() const {
    std::vector<T> values(static_cast<std::size_t>(size_));
    device_->download(values.data(), data_, bytes());
    return values;
  }

 private:
  void swap(Buffer& other) {
    std::swap(device_, other.device_);
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
  }

  Device* device_ = nullptr;
  std::int64_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace dnd::ops::cuda
