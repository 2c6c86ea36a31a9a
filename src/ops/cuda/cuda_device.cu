// The only file that speaks to CUDA: memory, launches, cuBLAS. No ATen here.
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "base/strings.h"
#include "ops/cuda/cuda_device.h"
#include "ops/cuda/launch_limits.h"

namespace dnd::ops::cuda {
namespace {

constexpr int kOldestCompute = 8;
constexpr std::size_t kPinnedBytes = std::size_t{16} << 20U;

void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  const ErrorKind kind =
      error == cudaErrorMemoryAllocation ? ErrorKind::memory : ErrorKind::unavailable;
  fail(kind, "device cuda: ", what, ": ", cudaGetErrorName(error), ": ", cudaGetErrorString(error));
}

void check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const ErrorKind kind =
      status == CUBLAS_STATUS_ALLOC_FAILED ? ErrorKind::memory : ErrorKind::unavailable;
  fail(kind, "device cuda: ", what, ": ", cublasGetStatusName(status));
}

// A kernel with transforms, for tiles that its code for all needs too many registers for.
template <typename Kernel>
struct ShortTiles : Kernel {
  static constexpr int kMost = 24;

  DND_HD void run(int phase, const Block& block, int thread, float* shared) const {
    this->template run_up_to<kMost>(phase, block, thread, shared);
  }
};

// The phases of a kernel with a barrier after each (phases.h).
template <typename Kernel>
__global__ void __launch_bounds__(Kernel::kThreads)
    run_phases(const __grid_constant__ Kernel kernel) {
  extern __shared__ float shared[];
  const Block block{static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y),
                    static_cast<int>(blockIdx.z)};
  const int phases = kernel.phases();
  for (int phase = 0; phase < phases; ++phase) {
    kernel.run(phase, block, static_cast<int>(threadIdx.x), shared);
    __syncthreads();
  }
}

// Of the calling thread. The one before is not restored: that alone would put a context on it.
void make_current(int index) { check(cudaSetDevice(index), "choosing the device"); }

struct StreamDeleter {
  void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
struct EventDeleter {
  void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
struct PinnedDeleter {
  void operator()(void* memory) const { cudaFreeHost(memory); }
};
struct CublasDeleter {
  void operator()(cublasHandle_t handle) const { cublasDestroy(handle); }
};
template <typename Pointer, typename Deleter>
using Owned = std::unique_ptr<std::remove_pointer_t<Pointer>, Deleter>;

// Pinned memory that is filled while the device still reads another part of it.
struct Stage {
  Owned<void*, PinnedDeleter> memory;
  Owned<cudaEvent_t, EventDeleter> free;  // recorded after the copy that reads `memory`
};

class CudaDevice : public Device {
 public:
  explicit CudaDevice(int index) : index_(index) {
    make_current(index_);
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream");
    stream_.reset(stream);
    for (Stage& stage : stages_) {
      void* memory = nullptr;
      check(cudaMallocHost(&memory, kPinnedBytes), "pinned memory");
      stage.memory.reset(memory);
      cudaEvent_t event = nullptr;
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "an event");
      stage.free.reset(event);
    }
    cublasHandle_t handle = nullptr;
    check(cublasCreate(&handle), "cuBLAS");
    cublas_.reset(handle);
    check(cublasSetStream(handle, stream), "cuBLAS's stream");
  }

  ~CudaDevice() override {
    cudaSetDevice(index_);
    cudaStreamSynchronize(stream_.get());
    cublas_.reset();
    for (Stage& stage : stages_) {
      stage.free.reset();
      stage.memory.reset();
    }
    stream_.reset();
  }

  void* allocate(std::size_t bytes) override {
    make_current(index_);
    void* memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, std::max<std::size_t>(bytes, 1));
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // it is not one of those that stay
      fail(ErrorKind::memory, "device cuda: no ", human_bytes(bytes), " of memory left, ",
           human_bytes(free_bytes()), " free");
    }
    check(error, "allocating memory");
    return memory;
  }

  // Waits for the device, so that nothing still uses the memory.
  void release(void* memory) noexcept override { cudaFree(memory); }

  std::size_t free_bytes() override {
    make_current(index_);
    std::size_t free = 0;
    std::size_t total = 0;
    check(cudaMemGetInfo(&free, &total), "free memory");
    return free;
  }

  void upload(void* to, const void* from, std::size_t bytes) override {
    make_current(index_);
    for (std::size_t done = 0; done < bytes; done += kPinnedBytes) {
      const std::size_t count = std::min(kPinnedBytes, bytes - done);
      Stage& stage = stages_[next_stage_];
      next_stage_ = (next_stage_ + 1) % stages_.size();
      check(cudaEventSynchronize(stage.free.get()), "upload");
      std::memcpy(stage.memory.get(), static_cast<const char*>(from) + done, count);
      check(cudaMemcpyAsync(static_cast<char*>(to) + done, stage.memory.get(), count,
                            cudaMemcpyHostToDevice, stream_.get()),
            "upload");
      check(cudaEventRecord(stage.free.get(), stream_.get()), "upload");
    }
  }

  void download(void* to, const void* from, std::size_t bytes) override {
    make_current(index_);
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_.get()), "download");
    check(cudaStreamSynchronize(stream_.get()), "download");
  }

  void clear(void* memory, std::size_t bytes) override {
    make_current(index_);
    check(cudaMemsetAsync(memory, 0, bytes, stream_.get()), "clearing memory");
  }

  void launch(const LayerNorm& kernel) override { start(kernel); }
  void launch(const WeightScales& kernel) override { start(kernel); }
  void launch(const WeightTransform& kernel) override { start(kernel); }
  void launch(const ForwardTransform& kernel) override { start_for_tiles(kernel); }
  void launch(const InverseTransform& kernel) override { start_for_tiles(kernel); }

  // cuBLAS counts columns first: its matrices are the transposes of ours, Y^T = W X^T.
  void launch(const BatchedProduct& product) override {
    make_current(index_);
    const ConvPlan& plan = product.plan;
    const int outputs = 2 * plan.padded_out;
    const int rows = 2 * plan.tiles;
    const int depth = plan.padded_in;
    const float scale = power_of_two(plan.product_exponent());
    const float zero = 0.0F;
    check(cublasGemmStridedBatchedEx(cublas_.get(), CUBLAS_OP_T, CUBLAS_OP_N, outputs, rows, depth,
                                     &scale, product.weights, CUDA_R_16F, depth,
                                     plan.weight_index(1, 0, 0, 0), product.inputs, CUDA_R_16F,
                                     depth, plan.input_index(1, 0, 0, 0), &zero, product.products,
                                     CUDA_R_16F, outputs, plan.product_index(1, 0, 0, 0, 0),
                                     plan.bins, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
          BatchedProduct::kName);
  }

  void wait() override {
    make_current(index_);
    check(cudaStreamSynchronize(stream_.get()), "kernels");
  }

 private:
  template <typename Kernel>
  void start_for_tiles(const Kernel& kernel) {
    if (std::max(kernel.plan.u.tile, kernel.plan.v.tile) <= ShortTiles<Kernel>::kMost) {
      start(ShortTiles<Kernel>{kernel});
    } else {
      start(kernel);
    }
  }

  // The one place where kernels start.
  template <typename Kernel>
  void start(const Kernel& kernel) {
    check_launch(kernel);
    make_current(index_);
    const std::size_t shared_bytes = kernel.shared_floats() * sizeof(float);
    if (shared_bytes > kPlainSharedBytes) {
      check(cudaFuncSetAttribute(run_phases<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(kMaxSharedBytes)),
            Kernel::kName);
    }
    const Grid grid = kernel.grid();
    const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                      static_cast<unsigned>(grid.z));
    run_phases<<<blocks, Kernel::kThreads, shared_bytes, stream_.get()>>>(kernel);
    check(cudaGetLastError(), Kernel::kName);
  }

  int index_;
  Owned<cudaStream_t, StreamDeleter> stream_;
  std::array<Stage, 2> stages_;
  std::size_t next_stage_ = 0;
  Owned<cublasHandle_t, CublasDeleter> cublas_;
};

std::int32_t cublas_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  check(cublasGetProperty(MAJOR_VERSION, &major), "cuBLAS's version");
  check(cublasGetProperty(MINOR_VERSION, &minor), "cuBLAS's version");
  check(cublasGetProperty(PATCH_LEVEL, &patch), "cuBLAS's version");
  return major * 10000 + minor * 100 + patch;
}

}  // namespace

DndCudaDeviceInfo describe_device(int index) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    const char* why = error == cudaSuccess ? "none was found" : cudaGetErrorString(error);
    cudaGetLastError();
    fail(ErrorKind::unavailable, "device cuda: no device: ", why,
         " (is NVIDIA's driver installed, and new enough?); use device cpu");
  }
  if (index < 0 || index >= count) {
    fail(ErrorKind::unavailable, "device cuda:", index, ": this machine has ", count,
         count == 1 ? " device, cuda:0" : " devices, numbered from cuda:0");
  }
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), "the device's properties");
  DndCudaDeviceInfo info{};
  std::snprintf(info.name, sizeof(info.name), "%s", properties.name);
  info.compute_major = properties.major;
  info.compute_minor = properties.minor;
  if (properties.major < kOldestCompute) {
    fail(ErrorKind::unavailable, "device cuda:", index, ": ", info.name, " has compute capability ",
         properties.major, ".", properties.minor, ", the kernels need 8.0; use device cpu");
  }
  check(cudaDriverGetVersion(&info.driver_version), "the driver's version");
  check(cudaRuntimeGetVersion(&info.runtime_version), "the runtime's version");
  info.cublas_version = cublas_version();
  make_current(index);
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "the device's memory");
  info.free_bytes = free;
  info.memory_bytes = total;
  return info;
}

std::unique_ptr<Device> open_device(int index) {
  describe_device(index);
  return std::make_unique<CudaDevice>(index);
}

}  // namespace dnd::ops::cuda
