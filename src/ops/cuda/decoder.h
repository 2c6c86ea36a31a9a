// The decoder on a device: every layer's LayerNorm, its five convolutions and what joins them
// (docs/architecture.md gives the formulas).
#pragma once

#include <functional>
#include <span>
#include <string>

#include "ops/cuda/convolution.h"

namespace dnd::ops::cuda {

// One stage of the cascade: (N, H, W), C order.
struct Feature {
  int n = 0;
  int h = 0;
  int w = 0;

  bool operator==(const Feature&) const = default;
  std::int64_t size() const { return std::int64_t{n} * h * w; }
};

// The values of a parameter of `layer`, e.g. "linear1.conv1w.weight", fp32 in C order; valid until
// the next call. Throws unless the parameter has that shape.
using LayerWeights = std::function<std::span<const float>(
    std::size_t layer, const std::string& name, const std::vector<std::int64_t>& shape)>;

struct DecoderOptions {
  // Conditions that are decoded at once, at most; fewer where what is in work would fill more than
  // a quarter of the memory.
  int images = 1;
  // Device memory that the decoder may fill; 0: what is free, less a tenth. Where transformed
  // weights do not fit, those of later convolutions are uploaded and transformed again at every
  // run.
  std::size_t memory_bytes = 0;
};

class Decoder {
 public:
  // `features`: the condition's first. Keeps `weights` for those that do not fit. Throws
  // Error(memory) if not even activations and the largest convolution do.
  Decoder(Device& device, const std::vector<Feature>& features, int kernel, LayerWeights weights,
          const DecoderOptions& options);

  // Called when a layer's work is done: `done` times of `all`.
  using LayerDone = std::function<void(std::size_t done, std::size_t all)>;

  // conditions (count, N, H, W) -> tokens (count, T, R, S), on the host. A condition's tokens do
  // not depend on the others but for the order in which the product adds, which is the device's.
  void run(std::span<const float> conditions, std::span<float> tokens, const LayerDone& done);

  // Conditions that are decoded at once.
  int images() const { return images_; }

  // (conditions, N', H', W'), of the layer that run() last finished.
  std::vector<float> last_output() const;

  // Convolutions whose transformed weights stay on the device, and all.
  std::size_t resident_convolutions() const;
  std::size_t convolutions() const { return 5 * layers_.size(); }

 private:
  struct Weighted {
    Convolution convolution;
    std::string name;
    Buffer<std::uint16_t> frequencies;  // none: transformed at every run
    bool resident() const { return frequencies.data() != nullptr; }
  };
  struct Layer {
    Feature in, out;
    Buffer<float> norm_weight, norm_bias;  // (H, W)
    Buffer<float> bias;                    // (H', W')
    Buffer<float> out_bias;                // (N')
    std::vector<Weighted> convolutions;    // conv1w, conv1h, conv2h, conv2w, linear2
  };
  // Floats of an image that each of the activations needs for the largest layer.
  struct Sizes {
    std::int64_t ends = 0;
    std::int64_t statistics = 0;
    std::int64_t p1 = 0;
    std::int64_t p2 = 0;
    std::int64_t m = 0;
    std::int64_t all() const { return 2 * ends + statistics + p1 + p2 + 2 * m; }
  };
  // Of all images: what a layer reads and writes.
  struct Activations {
    Buffer<float> x, y;             // (N, H, W), (N', H', W')
    Buffer<float> statistics;       // of n, which only exists as it is read: (N, 2)
    Buffer<float> p1;               // (H, N, W')
    Buffer<float> p2;               // (H', N, W)
    Buffer<float> m1;               // (N, H', W'): the first path
    Buffer<float> m;                // (N, H', W')
    Buffer<std::uint32_t> largest;  // (4, images): of n, p1, p2, m
  };

  void plan_layers(const std::vector<Feature>& features, int kernel);
  Sizes activation_sizes() const;
  void choose_images(std::size_t most, std::size_t budget);
  void allocate_activations();
  void allocate_scratch();
  void load_weights(std::size_t budget);
  void load_vectors(std::size_t index);
  void transform(std::size_t layer, Weighted& weighted, std::uint16_t* frequencies);
  void run_some(std::span<const float> conditions, std::span<float> tokens,
                const std::function<void()>& done);
  void run_layer(std::size_t index);
  void normalize(const Layer& layer);
  void convolve(std::size_t layer, std::size_t which, const DevicePlane& x, float* y,
                const Strides& strides, const Epilogue& epilogue, std::uint32_t* largest_out);
  std::uint32_t* largest(int which) const;  // (images), of the tensor `which`

  Device* device_;
  LayerWeights weights_;
  int images_ = 1;
  int running_ = 0;  // conditions that run() works on
  std::vector<Layer> layers_;
  Activations activations_;
  ConvScratch scratch_;
  Buffer<std::uint16_t> shared_frequencies_;  // of those that are not resident
  std::size_t last_layer_ = 0;
};

}  // namespace dnd::ops::cuda
