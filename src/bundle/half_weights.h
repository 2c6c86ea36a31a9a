// Weights as F16 with exponents of channels, for whoever writes them: which exponents, and what
// rounding loses.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace dnd::bundle {

// What rounding to fp16 did to the weights of one kind.
struct RoundingLoss {
  double largest = 0.0;  // |rounded - weight| / |weight|, over the weights that are not zero
  double squared_difference = 0.0;
  double squared_weights = 0.0;
  std::int64_t channels = 0;
  std::int64_t scaled_channels = 0;  // with an exponent other than 0

  double relative_rms() const;
  void add(const RoundingLoss& other);
};

// Sees the values of a weight in C order, in pieces of any size, and chooses its exponents.
class ExponentChooser {
 public:
  // `channel_size` values a channel. `name` is for messages.
  ExponentChooser(std::string name, std::int64_t channels, std::int64_t channel_size);

  // Throws Error(data) for a value that is not finite.
  void add(std::span<const float> values);
  // 0 for a channel whose values are all zero or normal numbers of fp16 as they are; else such that
  // the largest lies in [2^14, 2^15), as far as the range of exponents goes.
  std::vector<std::int32_t> exponents() const;

 private:
  struct Magnitudes {
    float least = std::numeric_limits<float>::infinity();  // but zero
    float largest = 0.0F;
  };

  std::string name_;
  std::size_t channel_size_;
  std::size_t seen_ = 0;
  std::vector<Magnitudes> channels_;
};

// Rounds the values of a weight in C order, in pieces of any size.
class HalfRounder {
 public:
  // `exponents`: one a channel.
  HalfRounder(std::string name, const std::vector<std::int32_t>& exponents,
              std::int64_t channel_size);

  // The stored halves. Throws Error(data) where one is too large even so.
  std::vector<std::byte> round(std::span<const float> values);
  const RoundingLoss& loss() const { return loss_; }

 private:
  void note_loss(float weight, float rounded);

  std::string name_;
  std::vector<float> scales_;  // one a channel
  std::size_t channel_size_;
  std::size_t seen_ = 0;
  RoundingLoss loss_;
};

}  // namespace dnd::bundle
