#include "bundle/write_bundle.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "bundle/bundle_card.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"

namespace dnd::bundle {
namespace fs = std::filesystem;
namespace {

// Passes the values of one tensor to `sink`, in pieces.
using Source = std::function<void(const formats::TensorSpec& spec,
                                  const std::function<void(std::span<const float>)>& sink)>;

// Converts pieces of one tensor and hands them to the writer.
void write_values(formats::SafetensorsWriter& writer, const formats::TensorSpec& spec,
                  std::span<const float> values) {
  if (const auto i = first_not_finite(spec.dtype, values)) {
    fail(ErrorKind::data, "bundle: tensor '", spec.name, "' holds ", values[*i], ", not a finite ",
         dtype_name(spec.dtype),
         std::isfinite(values[*i]) ? " (keep f32)" : " (checkpoint damaged?)");
  }
  std::vector<std::byte> bytes(values.size() * dtype_bits(spec.dtype) / 8);
  from_f32(spec.dtype, values, bytes);
  writer.write(bytes);
}

// Writes the whole folder; fills in the hash of the weights.
GeneratorConfig write_bundle(GeneratorConfig config, std::vector<formats::TensorSpec> specs,
                             const Source& source, const fs::path& out, OnExisting on_existing,
                             const ByteProgress& progress) {
  if (on_existing == OnExisting::replace) check_replaceable(out, kGeneratorConfigName, "a bundle");
  formats::sort_for_safetensors(specs);
  Staged staged(out, Staged::Kind::directory, on_existing);
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
  for (const formats::TensorSpec& spec : writer.specs()) {
    source(spec, [&](std::span<const float> values) { write_values(writer, spec, values); });
  }
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

// Parameters by name, and as the tensors of a file.
struct Parameters {
  std::map<std::string, ParameterSpec> by_name;
  std::vector<formats::TensorSpec> specs;
};

Parameters parameters_of(const GeneratorConfig& config) {
  Parameters out;
  for (ParameterSpec& parameter : decoder_parameters(config)) {
    out.specs.push_back({parameter.name, config.weights_dtype, parameter.shape});
    out.by_name[parameter.name] = std::move(parameter);
  }
  return out;
}

std::uint64_t element_count(const formats::TensorSpec& spec) {
  return spec.byte_size() * 8 / dtype_bits(spec.dtype);
}

}  // namespace

GeneratorConfig create_untrained(GeneratorConfig config, std::uint64_t seed, const fs::path& out,
                                 OnExisting on_existing, const ByteProgress& progress) {
  check_generator(config, "generator");
  config.untrained = true;
  config.provenance = {{"source", cat("random weights, seed ", seed)},
                       {"dnd_version", DND_VERSION}};
  Parameters parameters = parameters_of(config);
  const Source source = [&](const formats::TensorSpec& spec, const auto& sink) {
    random_values(parameters.by_name.at(spec.name), element_count(spec), seed, sink);
  };
  return write_bundle(std::move(config), std::move(parameters.specs), source, out, on_existing,
                      progress);
}

GeneratorConfig write_trained(GeneratorConfig config, const ParameterValues& values,
                              const fs::path& out, OnExisting on_existing) {
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
  return write_bundle(std::move(config), std::move(parameters.specs), source, out, on_existing, {});
}

GeneratorConfig import_checkpoint(const fs::path& checkpoint, const fs::path& out,
                                  const ImportOptions& options, OnExisting on_existing,
                                  const ByteProgress& progress) {
  GeneratorConfig config = describe_checkpoint(checkpoint, options);
  const formats::TorchCheckpoint source_file(checkpoint);
  std::vector<formats::TensorSpec> specs;
  for (const formats::CheckpointTensor& tensor : source_file.tensors()) {
    specs.push_back({tensor.name, options.dtype, tensor.shape});
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
  return write_bundle(std::move(config), std::move(specs), source, out, on_existing, progress);
}

}  // namespace dnd::bundle
