#include "bundle/channel_exponents.h"

#include <cmath>
#include <cstring>
#include <set>

#include "base/strings.h"

namespace dnd::bundle {

std::string exponents_name(const std::string& weight) {
  return weight + std::string(kExponentsSuffix);
}

std::vector<std::int32_t> read_channel_exponents(const formats::SafetensorsFile& file,
                                                 const formats::TensorView& weight) {
  const formats::TensorView* view = file.find(exponents_name(weight.name));
  if (view == nullptr) return {};
  const std::string where =
      cat("weights: ", file.path().string(), ": tensor '", printable(view->name), "'");
  if (weight.dtype != Dtype::f16 || weight.shape.empty()) {
    fail(ErrorKind::data, where, ": belongs to a weight ", dtype_name(weight.dtype), " ",
         shape_text(weight.shape), ", expected F16 (Cout, Cin, k, k)");
  }
  const formats::Shape expected = {weight.shape.front()};
  if (view->dtype != Dtype::i32 || view->shape != expected) {
    fail(ErrorKind::data, where, ": ", dtype_name(view->dtype), " ", shape_text(view->shape),
         ", expected I32 ", shape_text(expected));
  }
  std::vector<std::int32_t> exponents(view->bytes.size() / sizeof(std::int32_t));
  if (exponents.empty()) return exponents;
  std::memcpy(exponents.data(), view->bytes.data(), view->bytes.size());
  for (const std::int32_t exponent : exponents) {
    if (exponent >= -kMaxChannelExponent && exponent <= kMaxChannelExponent) continue;
    fail(ErrorKind::data, where, ": holds ", exponent, ", expected exponents from ",
         -kMaxChannelExponent, " to ", kMaxChannelExponent);
  }
  return exponents;
}

std::vector<float> powers_of_two(const std::vector<std::int32_t>& exponents) {
  std::vector<float> powers;
  powers.reserve(exponents.size());
  for (const std::int32_t exponent : exponents) powers.push_back(std::ldexp(1.0F, exponent));
  return powers;
}

void scale_channels(const std::vector<float>& scales, std::span<float> values) {
  if (scales.empty()) return;
  const std::size_t channel = values.size() / scales.size();
  for (std::size_t c = 0; c < scales.size(); ++c) {
    for (float& value : values.subspan(c * channel, channel)) value *= scales[c];
  }
}

void check_channel_exponents(const GeneratorConfig& config, const formats::SafetensorsFile& file) {
  std::set<std::string> convolutions;
  for (const ParameterSpec& parameter : decoder_parameters(config)) {
    if (parameter.is_convolution()) convolutions.insert(parameter.name);
  }
  const std::string who = "weights: " + file.path().string();
  bool found = false;
  for (const formats::TensorView& tensor : file.tensors()) {
    if (!tensor.name.ends_with(kExponentsSuffix)) continue;
    const std::string weight = tensor.name.substr(0, tensor.name.size() - kExponentsSuffix.size());
    const formats::TensorView* view = file.find(weight);
    if (view == nullptr || !convolutions.contains(weight)) {
      fail(ErrorKind::data, who, ": tensor '", printable(tensor.name),
           "': the generator has no convolution with a weight '", printable(weight), "'");
    }
    read_channel_exponents(file, *view);
    found = true;
  }
  if (found == config.channel_exponents) return;
  fail(ErrorKind::data, who,
       found ? ": holds exponents of channels" : ": holds no exponents of channels", ", ",
       kGeneratorConfigName, found ? " does not say so" : " says it does",
       " (files of two bundles?)");
}

std::filesystem::path checked_weights(const std::filesystem::path& bundle) {
  std::filesystem::path weights = bundle / kDecoderWeightsName;
  check_channel_exponents(read_bundle(bundle), formats::SafetensorsFile(weights));
  return weights;
}

}  // namespace dnd::bundle
