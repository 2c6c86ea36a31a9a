// The engine's side of libdnd_cuda.so (abi.h): opened at the first call that needs it, and kept
// open.
//
// It is looked for at $DND_CUDA_LIBRARY, else beside the engine. Everything here throws Error(unavailable),
// with what is missing and the remedy, where it or what it needs (CUDA's libraries, the driver, a
// device) is not there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dnd/cuda_report.h"

namespace dnd::ops::cuda {

// The N of "cuda:N", 0 of "cuda"; nothing for other texts.
std::optional<int> device_index(const std::string& device);

// What the device is, and each kernel against its host twin.
CudaReport examine(int device);

// Throws unless every check of the self-test passes on the device.
void require_working(int device);

struct FeatureSize {
  std::int64_t n = 0;
  std::int64_t h = 0;
  std::int64_t w = 0;
};

struct DecoderSetup {
  int device = 0;
  std::vector<FeatureSize> features;  // the projected condition's first
  int kernel = 0;
  int conditions_at_once = 1;      // at most: fewer where memory asks for it
  std::uint64_t memory_bytes = 0;  // of the device that may be used; 0: nine tenths of what is free
  // Values of a parameter of a layer, e.g. "linear2.weight", that are valid until the next call.
  std::function<const float*(std::size_t layer, const std::string& name,
                             const std::vector<std::int64_t>& shape)>
      weights;
};

// A decoder on a device. What `weights` and `on_layer` throw comes out of the call that made them
// run.
class LoadedDecoder {
 public:
  explicit LoadedDecoder(DecoderSetup setup);
  LoadedDecoder(const LoadedDecoder&) = delete;
  LoadedDecoder& operator=(const LoadedDecoder&) = delete;
  ~LoadedDecoder();

  // Any number of conditions, one after another, -> as many tokens. `on_layer` is told how many
  // times of how many.
  using OnLayer = std::function<void(std::size_t done, std::size_t all)>;
  void run(std::span<const float> conditions, std::span<float> tokens, const OnLayer& on_layer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dnd::ops::cuda
