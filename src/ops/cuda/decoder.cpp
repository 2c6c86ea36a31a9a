#include "ops/cuda/decoder.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace dnd::ops::cuda {
namespace {

constexpr float kNormEpsilon = 1e-5F;
// Raw weights go up in pieces of this size at most, or of one output channel where that is more.
constexpr std::int64_t kRawWeightFloats = std::int64_t{16} << 20;

enum Conv : std::size_t { conv1w, conv1h, conv2h, conv2w, linear2 };
enum Largest : int { of_n, of_p1, of_p2, of_m, largest_count };

// Planes as the released module transposes them: kernels are not symmetric, so the order matters.
std::vector<std::pair<const char*, ConvShape>> conv_shapes(const Feature& in, const Feature& out,
                                                           int kernel) {
  return {{"linear1.conv1w.weight", {1, in.w, out.w, in.h, in.n, kernel}},
          {"linear1.conv1h.weight", {1, in.h, out.h, in.n, out.w, kernel}},
          {"linear1.conv2h.weight", {1, in.h, out.h, in.n, in.w, kernel}},
          {"linear1.conv2w.weight", {1, in.w, out.w, out.h, in.n, kernel}},
          {"linear2.weight", {1, in.n, out.n, out.h, out.w, kernel}}};
}

std::vector<std::int64_t> weight_shape(const ConvPlan& plan) {
  return {plan.out_channels, plan.in_channels, plan.kernel, plan.kernel};
}

}  // namespace

Decoder::Decoder(Device& device, const std::vector<Feature>& features, int kernel,
                 LayerWeights weights, const DecoderOptions& options)
    : device_(&device), weights_(std::move(weights)) {
  if (features.size() < 2 || options.images < 1) {
    fail(ErrorKind::internal, "cuda: decoder of ", features.size(), " features, ", options.images,
         " conditions");
  }
  const std::size_t free_before = device_->free_bytes();
  const std::size_t allowed =
      options.memory_bytes > 0 ? options.memory_bytes : free_before - free_before / 10;
  plan_layers(features, kernel);
  choose_images(static_cast<std::size_t>(options.images), allowed / 4);
  allocate_activations();
  allocate_scratch();
  for (std::size_t i = 0; i < layers_.size(); ++i) load_vectors(i);
  const std::size_t used = free_before - std::min(free_before, device_->free_bytes());
  load_weights(allowed - std::min(allowed, used));
  device_->wait();
}

void Decoder::plan_layers(const std::vector<Feature>& features, int kernel) {
  for (std::size_t i = 0; i + 1 < features.size(); ++i) {
    Layer& layer = layers_.emplace_back();
    layer.in = features[i];
    layer.out = features[i + 1];
    for (const auto& [name, shape] : conv_shapes(layer.in, layer.out, kernel)) {
      layer.convolutions.push_back({Convolution(*device_, choose_plan(shape)), name, {}});
    }
  }
}

Decoder::Sizes Decoder::activation_sizes() const {
  Sizes sizes;
  for (const Layer& layer : layers_) {
    const Feature in = layer.in;
    const Feature out = layer.out;
    sizes.ends = std::max({sizes.ends, in.size(), out.size()});
    sizes.statistics = std::max(sizes.statistics, 2 * std::int64_t{in.n});
    sizes.p1 = std::max(sizes.p1, std::int64_t{in.h} * in.n * out.w);
    sizes.p2 = std::max(sizes.p2, std::int64_t{out.h} * in.n * in.w);
    sizes.m = std::max(sizes.m, std::int64_t{in.n} * out.h * out.w);
  }
  return sizes;
}

void Decoder::choose_images(std::size_t most, std::size_t budget) {
  std::int64_t halves = 0;
  for (const Layer& layer : layers_) {
    for (const Weighted& weighted : layer.convolutions) {
      const ConvPlan& plan = weighted.convolution.plan();
      halves = std::max(halves, plan.input_size() + plan.product_size());
    }
  }
  const auto of_one = static_cast<std::size_t>(activation_sizes().all()) * sizeof(float) +
                      static_cast<std::size_t>(halves) * sizeof(std::uint16_t);
  images_ = static_cast<int>(std::clamp<std::size_t>(budget / of_one, 1, most));
}

void Decoder::allocate_activations() {
  const Sizes sizes = activation_sizes();
  const auto floats = [&](std::int64_t size) { return Buffer<float>(*device_, images_ * size); };
  activations_ = {floats(sizes.ends),
                  floats(sizes.ends),
                  floats(sizes.statistics),
                  floats(sizes.p1),
                  floats(sizes.p2),
                  floats(sizes.m),
                  floats(sizes.m),
                  Buffer<std::uint32_t>(*device_, std::int64_t{largest_count} * images_)};
}

void Decoder::allocate_scratch() {
  std::int64_t inputs = 0;
  std::int64_t products = 0;
  std::int64_t raw = 0;
  for (const Layer& layer : layers_) {
    for (const Weighted& weighted : layer.convolutions) {
      const ConvPlan plan = for_images(weighted.convolution.plan(), images_);
      inputs = std::max(inputs, plan.input_size());
      products = std::max(products, plan.product_size());
      const std::int64_t of_output = std::int64_t{plan.in_channels} * plan.kernel * plan.kernel;
      const std::int64_t piece = std::min(kRawWeightFloats, of_output * plan.out_channels);
      raw = std::max({raw, piece, of_output});
    }
  }
  scratch_ = {Buffer<std::uint16_t>(*device_, inputs), Buffer<std::uint16_t>(*device_, products),
              Buffer<float>(*device_, raw)};
}

void Decoder::load_vectors(std::size_t index) {
  Layer& layer = layers_[index];
  const auto load = [&](const char* name, const std::vector<std::int64_t>& shape) {
    const std::span<const float> values = weights_(index, name, shape);
    Buffer<float> buffer(*device_, static_cast<std::int64_t>(values.size()));
    buffer.upload(values.data());
    return buffer;
  };
  layer.norm_weight = load("linear1.norm.weight", {layer.in.h, layer.in.w});
  layer.norm_bias = load("linear1.norm.bias", {layer.in.h, layer.in.w});
  layer.bias = load("linear1.bias", {layer.out.h, layer.out.w});
  layer.out_bias = load("linear2.bias", {layer.out.n});
}

// In the order of the cascade as long as they fit beside the shared memory for those that do not.
void Decoder::load_weights(std::size_t budget) {
  std::size_t all = 0;
  std::size_t most = 0;
  for (const Layer& layer : layers_) {
    for (const Weighted& weighted : layer.convolutions) {
      all += weighted.convolution.frequency_bytes();
      most = std::max(most, weighted.convolution.frequency_bytes());
    }
  }
  if (all > budget) {
    if (most > budget) {
      fail(ErrorKind::memory, "device cuda: the largest convolution needs ", human_bytes(most),
           " for its weights, of the memory allowed ", human_bytes(budget), " is left");
    }
    shared_frequencies_ = {*device_, static_cast<std::int64_t>(most / sizeof(std::uint16_t))};
    budget -= most;
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (Weighted& weighted : layers_[i].convolutions) {
      const std::size_t bytes = weighted.convolution.frequency_bytes();
      if (bytes > budget) continue;
      budget -= bytes;
      weighted.frequencies = {*device_, weighted.convolution.plan().weight_size()};
      transform(i, weighted, weighted.frequencies.data());
    }
  }
}

void Decoder::transform(std::size_t layer, Weighted& weighted, std::uint16_t* frequencies) {
  const auto shape = weight_shape(weighted.convolution.plan());
  weighted.convolution.load(weights_(layer, weighted.name, shape).data(), scratch_, frequencies);
}

std::size_t Decoder::resident_convolutions() const {
  std::size_t count = 0;
  for (const Layer& layer : layers_) {
    for (const Weighted& weighted : layer.convolutions) count += weighted.resident() ? 1U : 0U;
  }
  return count;
}

void Decoder::run(std::span<const float> conditions, std::span<float> tokens,
                  const LayerDone& done) {
  const auto from = static_cast<std::size_t>(layers_.front().in.size());
  const auto to = static_cast<std::size_t>(layers_.back().out.size());
  const std::size_t count = conditions.size() / from;
  if (count == 0 || conditions.size() != count * from || tokens.size() != count * to) {
    fail(ErrorKind::internal, "cuda: decoder given ", conditions.size(), " values for ",
         tokens.size());
  }
  const auto at_once = static_cast<std::size_t>(images_);
  const std::size_t all =
      layers_.size() * static_cast<std::size_t>(pieces(static_cast<int>(count), images_));
  std::size_t finished = 0;
  const auto tell = [&] { done(++finished, all); };
  for (std::size_t first = 0; first < count; first += at_once) {
    const std::size_t some = std::min(at_once, count - first);
    run_some(conditions.subspan(first * from, some * from), tokens.subspan(first * to, some * to),
             done ? std::function<void()>(tell) : nullptr);
  }
}

void Decoder::run_some(std::span<const float> conditions, std::span<float> tokens,
                       const std::function<void()>& done) {
  running_ =
      static_cast<int>(static_cast<std::int64_t>(conditions.size()) / layers_.front().in.size());
  device_->upload(activations_.x.data(), conditions.data(), conditions.size_bytes());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    run_layer(i);
    std::swap(activations_.x, activations_.y);
    last_layer_ = i;
    if (done) {
      device_->wait();
      done();
    }
  }
  device_->download(tokens.data(), activations_.x.data(), tokens.size_bytes());
}

std::uint32_t* Decoder::largest(int which) const {
  const std::ptrdiff_t first = std::ptrdiff_t{which} * images_;
  return activations_.largest.data() + first;
}

std::vector<float> Decoder::last_output() const {
  const std::int64_t size = running_ * layers_[last_layer_].out.size();
  std::vector<float> values(static_cast<std::size_t>(size));
  device_->download(values.data(), activations_.x.data(), values.size() * sizeof(float));
  return values;
}

void Decoder::normalize(const Layer& layer) {
  LayerNorm norm;
  norm.x = activations_.x.data();
  norm.weight = layer.norm_weight.data();
  norm.bias = layer.norm_bias.data();
  norm.statistics = activations_.statistics.data();
  norm.largest = largest(of_n);
  norm.rows = running_ * layer.in.n;
  norm.rows_per_image = layer.in.n;
  norm.size = std::int64_t{layer.in.h} * layer.in.w;
  norm.epsilon = kNormEpsilon;
  device_->launch(norm);
}

void Decoder::convolve(std::size_t layer, std::size_t which, const DevicePlane& x, float* y,
                       const Strides& strides, const Epilogue& epilogue,
                       std::uint32_t* largest_out) {
  Weighted& weighted = layers_[layer].convolutions[which];
  if (!weighted.resident()) transform(layer, weighted, shared_frequencies_.data());
  weighted.convolution.run(running_, x, scratch_, y, strides, epilogue, largest_out);
}

// Strides are those of (images, channels, rows, columns) as each convolution sees a tensor.
void Decoder::run_layer(std::size_t index) {
  const Layer& layer = layers_[index];
  const Feature in = layer.in;
  const Feature out = layer.out;
  const std::int64_t in_w = in.w;
  const std::int64_t out_w = out.w;
  const std::int64_t n_size = in.size();
  const std::int64_t p1_size = in.n * out_w * in.h;
  const std::int64_t p2_size = in.n * in_w * out.h;
  const std::int64_t m_size = in.n * out_w * out.h;
  const Activations& a = activations_;

  device_->clear(a.largest.data(), a.largest.bytes());
  normalize(layer);

  Normalization norm{a.statistics.data(), {}, layer.norm_weight.data(), layer.norm_bias.data(), {}};
  norm.row = {in.n, 0, 0, 1};
  norm.value = {0, 1, in_w, 0};
  const DevicePlane n_of_w{a.x.data(), {n_size, 1, in_w, in.h * in_w}, largest(of_n), norm};
  convolve(index, conv1w, n_of_w, a.p1.data(), {p1_size, 1, in.n * out_w, out_w}, {},
           largest(of_p1));
  const DevicePlane p1{a.p1.data(), {p1_size, in.n * out_w, out_w, 1}, largest(of_p1), {}};
  convolve(index, conv1h, p1, a.m1.data(), {m_size, out_w, out.h * out_w, 1}, {}, nullptr);

  norm.row = {in.n, 0, 1, 0};
  norm.value = {0, in_w, 0, 1};
  const DevicePlane n_of_h{a.x.data(), {n_size, in_w, in.h * in_w, 1}, largest(of_n), norm};
  convolve(index, conv2h, n_of_h, a.p2.data(), {p2_size, in.n * in_w, in_w, 1}, {}, largest(of_p2));
  const DevicePlane p2{a.p2.data(), {p2_size, 1, in.n * in_w, in_w}, largest(of_p2), {}};
  const Epilogue join{true, a.m1.data(), layer.bias.data(), {0, 1, out_w, 0}, 3.0F};
  convolve(index, conv2w, p2, a.m.data(), {m_size, 1, out_w, out.h * out_w}, join, largest(of_m));

  const DevicePlane m{a.m.data(), {m_size, out.h * out_w, out_w, 1}, largest(of_m), {}};
  const float* residual = in == out ? a.x.data() : nullptr;
  const Epilogue finish{false, residual, layer.out_bias.data(), {0, 1, 0, 0}, 1.0F};
  convolve(index, linear2, m, a.y.data(), {out.size(), out.h * out_w, out_w, 1}, finish, nullptr);
}

}  // namespace dnd::ops::cuda
