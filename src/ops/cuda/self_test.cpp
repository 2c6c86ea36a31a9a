#include "ops/cuda/self_test.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/random.h"
#include "ops/cuda/convolution.h"
#include "ops/cuda/host_twin.h"
#include "ops/cuda/reference.h"

namespace dnd::ops::cuda {
namespace {

// Sums of the two are ordered alike but for fused multiply-adds and cuBLAS; a difference in the
// last bit of fp32 may round an fp16 the other way.
constexpr double kFp32Bound = 5e-6;
constexpr double kFp16Bound = 2e-4;
constexpr double kConvolutionBound = 5e-4;

std::vector<float> random_values(std::int64_t size, std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) value = 2.0F * random.unit() - 1.0F;
  return values;
}

float number(float value) { return value; }
float number(int exponent) { return static_cast<float>(exponent); }
float number(std::uint16_t half) { return f16_to_f32(half); }
float number(std::uint32_t bits) { return float_of_bits(bits); }

template <typename T>
double difference(const std::vector<T>& values, const std::vector<T>& expected) {
  std::vector<float> numbers;
  numbers.reserve(values.size());
  for (const T value : values) numbers.push_back(number(value));
  std::vector<double> wanted;
  wanted.reserve(expected.size());
  for (const T value : expected) wanted.push_back(number(value));
  return relative_rms(numbers, wanted);
}

// The worst of what was seen of each kernel, in the order of their first appearance.
class Checks {
 public:
  void add(const std::string& name, double error, double bound) {
    auto found = std::find_if(list_.begin(), list_.end(),
                              [&](const KernelCheck& check) { return check.name == name; });
    if (found == list_.end()) found = list_.insert(list_.end(), {name, 0.0, bound, true});
    const bool passed = error <= bound;  // not of a NaN
    if (!passed || error > found->error) found->error = error;
    found->passed = found->passed && passed;
  }
  std::vector<KernelCheck> list() const { return list_; }

 private:
  std::vector<KernelCheck> list_;
};

// One kernel on both devices: inputs go up from the same values, the twin's results stay for the
// next.
class Comparison {
 public:
  Comparison(Device& device, Checks& checks) : device_(device), checks_(checks) {}

  // Runs `launch` with the inputs' addresses on each device and compares `size` results.
  template <typename T, typename Launch>
  std::vector<T> results(const char* name, std::int64_t size, double bound, Launch launch) {
    std::vector<T> expected = on<T>(twin_, size, launch);
    checks_.add(name, difference(on<T>(device_, size, launch), expected), bound);
    return expected;
  }

 private:
  template <typename T, typename Launch>
  static std::vector<T> on(Device& device, std::int64_t size, Launch launch) {
    Buffer<T> result(device, size);
    result.clear();
    launch(device, result.data());
    device.wait();
    return result.download();
  }

  Device& device_;
  Checks& checks_;
  HostTwin twin_;
};

template <typename T>
Buffer<T> uploaded(Device& device, const std::vector<T>& values) {
  Buffer<T> buffer(device, static_cast<std::int64_t>(values.size()));
  buffer.upload(values.data());
  return buffer;
}

void check_layer_norm(Device& device, Checks& checks) {
  constexpr int kRows = 3;
  constexpr int kSize = 1000;
  const auto x = random_values(std::int64_t{kRows} * kSize, 1);
  const auto weight = random_values(kSize, 2);
  const auto bias = random_values(kSize, 3);
  const auto launch = [&](Device& on, float* statistics, std::uint32_t* largest) {
    const auto x_there = uploaded(on, x);
    const auto weight_there = uploaded(on, weight);
    const auto bias_there = uploaded(on, bias);
    LayerNorm norm;
    norm.x = x_there.data();
    norm.weight = weight_there.data();
    norm.bias = bias_there.data();
    norm.statistics = statistics;
    norm.largest = largest;
    norm.rows = kRows;
    norm.rows_per_image = 1;
    norm.size = kSize;
    norm.epsilon = 1e-5F;
    on.launch(norm);
    on.wait();
  };
  Comparison comparison(device, checks);
  comparison.results<float>(LayerNorm::kName, std::int64_t{kRows} * 2, kFp32Bound,
                            [&](Device& on, float* statistics) {
                              Buffer<std::uint32_t> largest(on, kRows);
                              largest.clear();
                              launch(on, statistics, largest.data());
                            });
  comparison.results<std::uint32_t>(LayerNorm::kName, kRows, kFp32Bound,
                                    [&](Device& on, std::uint32_t* largest) {
                                      const Buffer<float> statistics(on, std::int64_t{kRows} * 2);
                                      launch(on, statistics.data(), largest);
                                    });
}

// The stages of one convolution, each on the twin's inputs.
class StageChecks {
 public:
  StageChecks(Device& device, const ConvPlan& plan, Checks& checks)
      : plan_(plan),
        comparison_(device, checks),
        x_(random_values(
            std::int64_t{plan.images} * plan.in_channels * plan.u.points * plan.v.points, 4)),
        weights_(random_values(
            std::int64_t{plan.out_channels} * plan.in_channels * plan.kernel * plan.kernel, 5)),
        largest_(static_cast<std::size_t>(plan.images), largest_magnitude(x_)),
        roots_(root_table(plan)) {}

  void run() {
    transform_weights();
    forward();
    product();
    inverse();
  }

 private:
  void transform_weights() {
    exponents_ = comparison_.results<int>(WeightScales::kName, plan_.out_channels, 0.0,
                                          [&](Device& on, int* exponents) {
                                            const auto weights = uploaded(on, weights_);
                                            WeightScales scales;
                                            scales.weights = weights.data();
                                            scales.exponents = exponents;
                                            scales.outputs = plan_.out_channels;
                                            scales.in_channels = plan_.in_channels;
                                            scales.area = plan_.kernel * plan_.kernel;
                                            on.launch(scales);
                                            on.wait();
                                          });
    frequencies_ =
        comparison_.results<std::uint16_t>(WeightTransform::kName, plan_.weight_size(), kFp16Bound,
                                           [&](Device& on, std::uint16_t* out) {
                                             const auto weights = uploaded(on, weights_);
                                             const auto exponents = uploaded(on, exponents_);
                                             const auto roots = uploaded(on, roots_);
                                             WeightTransform transform;
                                             transform.plan = plan_;
                                             transform.weights = weights.data();
                                             transform.exponents = exponents.data();
                                             transform.roots = roots.data();
                                             transform.out = out;
                                             transform.outputs = plan_.out_channels;
                                             on.launch(transform);
                                             on.wait();
                                           });
  }

  void forward() {
    for (const bool channels_first : {false, true}) {  // both orders of loading
      inputs_ = comparison_.results<std::uint16_t>(ForwardTransform::kName, plan_.input_size(),
                                                   kFp16Bound, [&](Device& on, std::uint16_t* out) {
                                                     const auto x = uploaded(on, x_);
                                                     const auto largest = uploaded(on, largest_);
                                                     ForwardTransform transform;
                                                     transform.plan = plan_;
                                                     transform.x = x.data();
                                                     transform.strides =
                                                         strides_in_order(plan_, plan_.in_channels);
                                                     transform.largest = largest.data();
                                                     transform.out = out;
                                                     transform.channels_contiguous = channels_first;
                                                     on.launch(transform);
                                                     on.wait();
                                                   });
    }
  }

  void product() {
    products_ = comparison_.results<std::uint16_t>(
        BatchedProduct::kName, plan_.product_size(), kFp16Bound,
        [&](Device& on, std::uint16_t* out) {
          const auto inputs = uploaded(on, inputs_);
          const auto frequencies = uploaded(on, frequencies_);
          on.launch(BatchedProduct{plan_, inputs.data(), frequencies.data(), out});
          on.wait();
        });
  }

  void inverse() {
    const std::int64_t size =
        std::int64_t{plan_.images} * plan_.out_channels * plan_.u.points * plan_.v.points;
    const auto other = random_values(size, 6);
    const auto bias = random_values(plan_.out_channels, 7);
    const auto launch = [&](Device& on, float* y, std::uint32_t* largest_out) {
      const auto products = uploaded(on, products_);
      const auto largest = uploaded(on, largest_);
      const auto exponents = uploaded(on, exponents_);
      const auto other_there = uploaded(on, other);
      const auto bias_there = uploaded(on, bias);
      InverseTransform transform;
      transform.plan = plan_;
      transform.products = products.data();
      transform.largest = largest.data();
      transform.exponents = exponents.data();
      transform.y = y;
      transform.strides = strides_in_order(plan_, plan_.out_channels);
      transform.epilogue = {true, other_there.data(), bias_there.data(), {0, 1, 0, 0}, 3.0F};
      transform.largest_out = largest_out;
      transform.channels_contiguous = largest_out != nullptr;  // both orders of writing
      on.launch(transform);
      on.wait();
    };
    comparison_.results<float>(InverseTransform::kName, size, kFp32Bound,
                               [&](Device& on, float* y) { launch(on, y, nullptr); });
    comparison_.results<std::uint32_t>(InverseTransform::kName, plan_.images, kFp32Bound,
                                       [&](Device& on, std::uint32_t* largest) {
                                         const Buffer<float> y(on, size);
                                         launch(on, y.data(), largest);
                                       });
  }

  ConvPlan plan_;
  Comparison comparison_;
  std::vector<float> x_;
  std::vector<float> weights_;
  std::vector<std::uint32_t> largest_;
  std::vector<Complex> roots_;
  std::vector<int> exponents_;
  std::vector<std::uint16_t> frequencies_;
  std::vector<std::uint16_t> inputs_;
  std::vector<std::uint16_t> products_;
};

void check_convolution(Device& device, const ConvShape& shape, Checks& checks) {
  const std::int64_t plane = std::int64_t{shape.rows} * shape.columns;
  const auto x = random_values(plane * shape.images * shape.in_channels, 8);
  const auto weights = random_values(
      std::int64_t{shape.out_channels} * shape.in_channels * shape.kernel * shape.kernel, 9);
  const std::vector<float> y = convolve_on(device, choose_plan(shape), x, weights);
  const std::vector<double> expected = convolve_in_fp64(shape, x, weights);
  checks.add("convolution", relative_rms(y, expected), kConvolutionBound);
}

}  // namespace

std::vector<KernelCheck> self_test(Device& device) {
  Checks checks;
  check_layer_norm(device, checks);
  // Overlapping and circular tiles, either axis halved; channels and planes that fill nothing.
  StageChecks(device, make_plan({2, 19, 21, 13, 29, 5}, 14, 16), checks).run();
  StageChecks(device, make_plan({1, 9, 18, 30, 10, 9}, 20, 14), checks).run();
  StageChecks(device, make_plan({1, 5, 7, 50, 49, 11}, 48, 48), checks).run();
  check_convolution(device, {2, 33, 17, 10, 40, 9}, checks);
  return checks.list();
}

}  // namespace dnd::ops::cuda
