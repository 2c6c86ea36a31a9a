#include "ops/cuda/abi.h"

#include <cstdio>
#include <memory>
#include <new>

#include "base/build_id.h"
#include "base/strings.h"
#include "ops/cuda/cuda_device.h"
#include "ops/cuda/decoder.h"
#include "ops/cuda/self_test.h"

struct DndCudaDecoder {
  std::unique_ptr<dnd::ops::cuda::Device> device;
  std::unique_ptr<dnd::ops::cuda::Decoder> decoder;  // goes before its device
};

namespace dnd::ops::cuda {
namespace {

// Thrown where the caller's own function wants to stop.
struct Stopped {};

void say(DndCudaStatus* status, const char* message) {
  if (status != nullptr) std::snprintf(status->message, sizeof(status->message), "%s", message);
}

// No exception crosses the border.
template <typename Function>
int guarded(DndCudaStatus* status, Function function) {
  try {
    function();
    return 0;
  } catch (const Stopped&) {
    return DND_CUDA_STOPPED;
  } catch (const Error& error) {
    say(status, error.what());
    return static_cast<int>(error.kind());
  } catch (const std::bad_alloc&) {
    say(status, "device cuda: out of the host's memory");
    return static_cast<int>(ErrorKind::memory);
  } catch (const std::exception& error) {
    say(status, error.what());
    return static_cast<int>(ErrorKind::internal);
  }
}

int checked_size(std::int64_t size) {
  constexpr std::int64_t kMax = std::int64_t{1} << 24U;
  if (size < 1 || size > kMax) fail(ErrorKind::data, "device cuda: a feature of size ", size);
  return static_cast<int>(size);
}

std::vector<Feature> features_of(const DndCudaDecoderConfig& config) {
  std::vector<Feature> features;
  for (const DndCudaFeature& f :
       std::span(config.features, static_cast<std::size_t>(config.feature_count))) {
    features.push_back({checked_size(f.n), checked_size(f.h), checked_size(f.w)});
  }
  return features;
}

LayerWeights weights_of(const DndCudaDecoderConfig& config) {
  return [get = config.weights, user = config.user](
             std::size_t layer, const std::string& name,
             const std::vector<std::int64_t>& shape) -> std::span<const float> {
    const float* values = get(user, static_cast<std::int64_t>(layer), name.c_str(), shape.data(),
                              static_cast<std::int32_t>(shape.size()));
    if (values == nullptr) throw Stopped{};
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    return {values, count};
  };
}

}  // namespace
}  // namespace dnd::ops::cuda

namespace cuda = dnd::ops::cuda;

#define DND_EXPORT __attribute__((visibility("default")))

extern "C" {

DND_EXPORT const char* dnd_cuda_build_id(void) { return dnd::build_id(); }

DND_EXPORT int dnd_cuda_probe(int32_t device, DndCudaDeviceInfo* info, DndCudaStatus* status) {
  return cuda::guarded(status, [&] { *info = cuda::describe_device(device); });
}

DND_EXPORT int dnd_cuda_self_test(int32_t device, DndCudaOnCheck on_check, void* user,
                                  DndCudaStatus* status) {
  return cuda::guarded(status, [&] {
    const auto opened = cuda::open_device(device);
    for (const cuda::KernelCheck& check : cuda::self_test(*opened)) {
      const DndCudaCheck plain{check.name.c_str(), check.error, check.bound, check.passed ? 1 : 0};
      on_check(user, &plain);
    }
  });
}

DND_EXPORT int dnd_cuda_create(const DndCudaDecoderConfig* config, DndCudaDecoder** decoder,
                               DndCudaStatus* status) {
  *decoder = nullptr;
  return cuda::guarded(status, [&] {
    auto made = std::make_unique<DndCudaDecoder>();
    made->device = cuda::open_device(config->device);
    const cuda::DecoderOptions options{config->images,
                                       static_cast<std::size_t>(config->memory_bytes)};
    made->decoder =
        std::make_unique<cuda::Decoder>(*made->device, cuda::features_of(*config), config->kernel,
                                        cuda::weights_of(*config), options);
    *decoder = made.release();
  });
}

DND_EXPORT int dnd_cuda_run(DndCudaDecoder* decoder, const float* conditions,
                            uint64_t condition_count, float* tokens, uint64_t token_count,
                            DndCudaOnLayer on_layer, void* user, DndCudaStatus* status) {
  return cuda::guarded(status, [&] {
    cuda::Decoder::LayerDone done;
    if (on_layer != nullptr) {
      done = [&](std::size_t finished, std::size_t all) {
        const int stop = on_layer(user, static_cast<int64_t>(finished), static_cast<int64_t>(all));
        if (stop != 0) throw cuda::Stopped{};
      };
    }
    decoder->decoder->run({conditions, condition_count}, {tokens, token_count}, done);
  });
}

DND_EXPORT void dnd_cuda_destroy(DndCudaDecoder* decoder) { delete decoder; }

}  // extern "C"
