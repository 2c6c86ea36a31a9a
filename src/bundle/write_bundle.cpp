#include "bundle/write_bundle.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/random.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "base/version.h"
#include "bundle/bundle_card.h"
#include "bundle/channel_exponents.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"

namespace dnd::bundle {
namespace fs = std::filesystem;
namespace {

// Passes the values of one tensor to `sink`, in pieces.
using Source = std::function<void(const formats::TensorSpec& spec,
                                  const std::function<void(std::span<const float>)>& sink)>;

void write_f32(formats::SafetensorsWriter& writer, const formats::TensorSpec& spec,
               std::span<const float> values) {
  if (const auto i = first_not_finite(Dtype::f32, values)) {
    fail(ErrorKind::data, "bundle: tensor '", spec.name, "' holds ", values[*i],
         ", not a finite F32 (checkpoint damaged?)");
  }
  writer.write(std::as_bytes(values));
}

std::int64_t channel_size(const formats::TensorSpec& spec) {
  std::int64_t size = 1;
  for (std::size_t i = 1; i < spec.shape.size(); ++i) size *= spec.shape[i];
  return size;
}

// By name of the weight; those whose channels all need none are left out.
using Exponents = std::map<std::string, std::vector<std::int32_t>>;

// Reads all weights once: the header, which comes first, says which have exponents.
Exponents choose_exponents(const std::vector<formats::TensorSpec>& specs, const Source& source) {
  Exponents out;
  for (const formats::TensorSpec& spec : specs) {
    if (spec.dtype != Dtype::f16) continue;
    ExponentChooser chooser(spec.name, spec.shape.front(), channel_size(spec));
    source(spec, [&](std::span<const float> values) { chooser.add(values); });
    std::vector<std::int32_t> exponents = chooser.exponents();
    const auto is_zero = [](std::int32_t exponent) { return exponent == 0; };
    if (!std::all_of(exponents.begin(), exponents.end(), is_zero)) {
      out[exponents_name(spec.name)] = std::move(exponents);
    }
  }
  return out;
}

// "linear1.conv1w" of the weight of a layer (layer_prefix()).
std::string kind_of(const std::string& weight) {
  constexpr std::string_view kList = "module_list.";
  const std::size_t layer = weight.find(kList) + kList.size();
  const std::size_t begin = weight.find('.', layer) + 1;
  return weight.substr(begin, weight.rfind('.') - begin);
}

// The whole of decoder.safetensors.
void write_weights(formats::SafetensorsWriter& writer, const Exponents& exponents,
                   const Source& source, const RoundingObserver& on_rounding) {
  std::map<std::string, RoundingLoss> losses;
  for (const formats::TensorSpec& spec : writer.specs()) {
    if (spec.dtype == Dtype::i32) {
      writer.write(std::as_bytes(std::span(exponents.at(spec.name))));
    } else if (spec.dtype == Dtype::f32) {
      source(spec, [&](std::span<const float> values) { write_f32(writer, spec, values); });
    } else {
      const auto found = exponents.find(exponents_name(spec.name));
      const std::vector<std::int32_t> none(static_cast<std::size_t>(spec.shape.front()), 0);
      HalfRounder rounder(spec.name, found == exponents.end() ? none : found->second,
                          channel_size(spec));
      source(spec, [&](std::span<const float> values) { writer.write(rounder.round(values)); });
      losses[kind_of(spec.name)].add(rounder.loss());
    }
  }
  if (!on_rounding) return;
  for (const auto& [kind, loss] : losses) on_rounding(kind, loss);
}

// Writes the whole folder; fills in the hash of the weights.
GeneratorConfig write_bundle(GeneratorConfig config, std::vector<formats::TensorSpec> specs,
                             const Source& source, const fs::path& out, OnExisting on_existing,
                             const ByteProgress& progress, const RoundingObserver& on_rounding) {
  Staged staged(out, bundle_folder(), on_existing);
  const Exponents exponents = choose_exponents(specs, source);
  for (const auto& [name, values] : exponents) {
    specs.push_back({name, Dtype::i32, {static_cast<std::int64_t>(values.size())}});
  }
  config.channel_exponents = !exponents.empty();
  formats::sort_for_safetensors(specs);
  std::uint64_t total = 0;
  for (const formats::TensorSpec& spec : specs) total += spec.byte_size();
  formats::SafetensorsWriter writer(staged.path() / kDecoderWeightsName, std::move(specs),
                                    {{"format", "pt"}});
  Sha256 hash;
  std::uint64_t done = 0;
  writer.observe([&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    done += bytes.size();
    if (progress) progress(std::min(done, total), total);
  });
  write_weights(writer, exponents, source, on_rounding);
  writer.finish();
  config.weights_sha256 = hash.hex();
  write_new_file(staged.path() / kGeneratorConfigName, json_pretty(generator_to_json(config)));
  write_new_file(staged.path() / kCardName, bundle_card(config));
  staged.commit();
  return config;
}

constexpr std::size_t kPiece = 1U << 20U;  // values

// A generator of its own per tensor, so that the order of writing does not matter.
std::uint64_t tensor_seed(std::uint64_t seed, const std::string& name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return SplitMix64(seed ^ hash).next();
}

void random_values(const ParameterSpec& parameter, std::uint64_t count, std::uint64_t seed,
                   const std::function<void(std::span<const float>)>& sink) {
  const bool is_norm_weight = parameter.name.ends_with("norm.weight");
  const float bound =
      parameter.fan_in > 0 ? 1.0F / std::sqrt(static_cast<float>(parameter.fan_in)) : 0.0F;
  SplitMix64 random(tensor_seed(seed, parameter.name));
  std::vector<float> piece;
  for (std::uint64_t done = 0; done < count; done += piece.size()) {
    piece.assign(std::min<std::uint64_t>(kPiece, count - done), is_norm_weight ? 1.0F : 0.0F);
    if (parameter.fan_in > 0) {
      for (float& value : piece) value = (2.0F * random.unit() - 1.0F) * bound;
    }
    sink(piece);
  }
}

// Half precision is for what is large: the weights of convolutions.
Dtype stored_dtype(const ParameterSpec& parameter, Dtype weights) {
  return parameter.is_convolution() ? weights : Dtype::f32;
}

// Parameters by name, and as the tensors of a file.
struct Parameters {
  std::map<std::string, ParameterSpec> by_name;
  std::vector<formats::TensorSpec> specs;
};

Parameters parameters_of(const GeneratorConfig& config) {
  Parameters out;
  for (ParameterSpec& parameter : decoder_parameters(config)) {
    out.specs.push_back(
        {parameter.name, stored_dtype(parameter, config.weights_dtype), parameter.shape});
    out.by_name[parameter.name] = std::move(parameter);
  }
  return out;
}

std::uint64_t element_count(const formats::TensorSpec& spec) {
  return spec.byte_size() * 8 / dtype_bits(spec.dtype);
}

}  // namespace

FolderKind bundle_folder() {
  return {"a bundle", kGeneratorConfigName, {kGeneratorConfigName, kDecoderWeightsName, kCardName}};
}

GeneratorConfig create_untrained(GeneratorConfig config, std::uint64_t seed, const fs::path& out,
                                 OnExisting on_existing, const ByteProgress& progress) {
  config.channel_exponents = false;
  check_generator(config, "generator");
  config.untrained = true;
  config.provenance = {{"source", cat("random weights, seed ", seed)}, {"dnd_version", version()}};
  Parameters parameters = parameters_of(config);
  const Source source = [&](const formats::TensorSpec& spec, const auto& sink) {
    random_values(parameters.by_name.at(spec.name), element_count(spec), seed, sink);
  };
  return write_bundle(std::move(config), std::move(parameters.specs), source, out, on_existing,
                      progress, {});
}

GeneratorConfig write_trained(GeneratorConfig config, const ParameterValues& values,
                              const fs::path& out, OnExisting on_existing) {
  config.channel_exponents = false;
  check_generator(config, "generator");
  Parameters parameters = parameters_of(config);
  const Source source = [&](const formats::TensorSpec& spec, const auto& sink) {
    const std::vector<float> all = values(parameters.by_name.at(spec.name));
    if (all.size() != element_count(spec)) {
      fail(ErrorKind::internal, "bundle: tensor '", spec.name, "': ", all.size(),
           " values, expected ", element_count(spec));
    }
    sink(all);
  };
  return write_bundle(std::move(config), std::move(parameters.specs), source, out, on_existing, {},
                      {});
}

GeneratorConfig import_checkpoint(const fs::path& checkpoint, const fs::path& out,
                                  const ImportOptions& options, OnExisting on_existing,
                                  const ByteProgress& progress) {
  GeneratorConfig config = describe_checkpoint(checkpoint, options);
  const formats::TorchCheckpoint source_file(checkpoint);
  std::map<std::string, ParameterSpec> parameters = parameters_of(config).by_name;
  std::vector<formats::TensorSpec> specs;
  for (const formats::CheckpointTensor& tensor : source_file.tensors()) {
    const auto parameter = parameters.find(tensor.name);  // criterion_weight is none
    const Dtype dtype =
        parameter == parameters.end() ? Dtype::f32 : stored_dtype(parameter->second, options.dtype);
    specs.push_back({tensor.name, dtype, tensor.shape});
  }
  const Source source = [&](const formats::TensorSpec& spec, const auto& sink) {
    const formats::CheckpointTensor& tensor = *source_file.find(spec.name);
    std::vector<float> values;
    source_file.read(tensor, [&](std::span<const std::byte> bytes) {
      values.resize(bytes.size() * 8 / dtype_bits(tensor.dtype));
      to_f32(tensor.dtype, bytes, values);
      sink(values);
    });
  };
  return write_bundle(std::move(config), std::move(specs), source, out, on_existing, progress,
                      options.on_rounding);
}

}  // namespace dnd::bundle
