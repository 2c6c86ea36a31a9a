#include "bundle/half_weights.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/dtype.h"
#include "base/strings.h"
#include "bundle/channel_exponents.h"

namespace dnd::bundle {
namespace {

constexpr float kLeastNormalHalf = 0x1p-14F;
constexpr float kTooLargeForHalf = 65520.0F;  // rounds to infinity
// Of a channel's largest weight: rounding up cannot reach infinity, and there are 28 binary orders of
// magnitude down to the least normal number.
constexpr std::int32_t kExponentOfLargest = 14;

// Calls fn(channel, begin, end) for the parts of the next `count` values that lie in one channel.
template <typename Function>
void for_channels(std::size_t seen, std::size_t count, std::size_t channel_size, Function fn) {
  for (std::size_t begin = 0; begin < count;) {
    const std::size_t left = channel_size - (seen + begin) % channel_size;
    const std::size_t end = std::min(count, begin + left);
    fn((seen + begin) / channel_size, begin, end);
    begin = end;
  }
}

}  // namespace

double RoundingLoss::relative_rms() const {
  return squared_weights > 0.0 ? std::sqrt(squared_difference / squared_weights) : 0.0;
}

void RoundingLoss::add(const RoundingLoss& other) {
  largest = std::max(largest, other.largest);
  squared_difference += other.squared_difference;
  squared_weights += other.squared_weights;
  channels += other.channels;
  scaled_channels += other.scaled_channels;
}

ExponentChooser::ExponentChooser(std::string name, std::int64_t channels, std::int64_t channel_size)
    : name_(std::move(name)),
      channel_size_(static_cast<std::size_t>(channel_size)),
      channels_(static_cast<std::size_t>(channels)) {}

void ExponentChooser::add(std::span<const float> values) {
  if (const auto i = first_not_finite(Dtype::f32, values)) {
    fail(ErrorKind::data, "bundle: tensor '", name_, "' holds ", values[*i],
         ", not a finite F32 (checkpoint damaged?)");
  }
  for_channels(seen_, values.size(), channel_size_,
               [&](std::size_t index, std::size_t begin, std::size_t end) {
                 Magnitudes& channel = channels_.at(index);
                 for (const float value : values.subspan(begin, end - begin)) {
                   const float magnitude = std::abs(value);
                   channel.largest = std::max(channel.largest, magnitude);
                   if (magnitude > 0.0F) channel.least = std::min(channel.least, magnitude);
                 }
               });
  seen_ += values.size();
}

std::vector<std::int32_t> ExponentChooser::exponents() const {
  std::vector<std::int32_t> exponents;
  exponents.reserve(channels_.size());
  for (const Magnitudes& channel : channels_) {
    const bool fits = channel.largest < kTooLargeForHalf && channel.least >= kLeastNormalHalf;
    exponents.push_back(fits ? 0
                             : std::clamp(std::ilogb(channel.largest) - kExponentOfLargest,
                                          -kMaxChannelExponent, kMaxChannelExponent));
  }
  return exponents;
}

HalfRounder::HalfRounder(std::string name, const std::vector<std::int32_t>& exponents,
                         std::int64_t channel_size)
    : name_(std::move(name)),
      scales_(powers_of_two(exponents)),
      channel_size_(static_cast<std::size_t>(channel_size)) {
  loss_.channels = static_cast<std::int64_t>(scales_.size());
  loss_.scaled_channels = loss_.channels - std::count(scales_.begin(), scales_.end(), 1.0F);
}

std::vector<std::byte> HalfRounder::round(std::span<const float> values) {
  std::vector<float> scaled(values.begin(), values.end());
  const auto multiply = [&](bool back) {
    for_channels(seen_, values.size(), channel_size_,
                 [&](std::size_t channel, std::size_t begin, std::size_t end) {
                   const float scale = back ? scales_.at(channel) : 1.0F / scales_.at(channel);
                   for (std::size_t i = begin; i < end; ++i) scaled[i] *= scale;
                 });
  };
  multiply(false);
  if (const auto i = first_not_finite(Dtype::f16, scaled)) {
    fail(ErrorKind::data, "bundle: tensor '", name_, "' holds ", values[*i],
         ", not a finite F16 (keep f32)");
  }
  std::vector<std::byte> halves(values.size() * sizeof(std::uint16_t));
  from_f32(Dtype::f16, scaled, halves);
  to_f32(Dtype::f16, halves, scaled);
  multiply(true);
  for (std::size_t i = 0; i < values.size(); ++i) note_loss(values[i], scaled[i]);
  seen_ += values.size();
  return halves;
}

void HalfRounder::note_loss(float weight, float rounded) {
  if (weight == 0.0F) return;
  const double exact = weight;
  const double difference = static_cast<double>(rounded) - exact;
  loss_.largest = std::max(loss_.largest, std::abs(difference / exact));
  loss_.squared_difference += difference * difference;
  loss_.squared_weights += exact * exact;
}

}  // namespace dnd::bundle
