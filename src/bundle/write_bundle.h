// Making bundles: from a released checkpoint, from weights just trained, or untrained from a seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/staged.h"
#include "bundle/generator_config.h"
#include "bundle/half_weights.h"

namespace dnd::bundle {

// What a new bundle may replace: the three files that one consists of. An encoder that somebody put into it
// is not among them.
FolderKind bundle_folder();

// Called as work goes on: bytes of weights done, of how many.
using ByteProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Called at the end of writing F16 with what rounding lost, for each kind of weight: linear1.conv1w, ...
using RoundingObserver = std::function<void(const std::string& kind, const RoundingLoss& loss)>;

struct ImportOptions {
  std::string name;                              // default: the checkpoint's file stem
  Dtype dtype = Dtype::f32;                      // of the convolutions' weights: f32 or f16
  std::optional<GeneratorConfig> preset;         // either a preset ...
  std::optional<adapter::AdapterLayout> layout;  // ... or a layout and what follows
  std::string encoder = "all-MiniLM-L12-v2";     // the released code's encoder
  std::optional<EmptyChunk> empty_chunk;         // default: the preset's, else zero
  std::optional<std::int64_t> max_length;        // only to confirm what the shapes say
  std::string license;
  std::optional<adapter::UpdateNorms> statistics;  // of the adapters the generator was trained on
  RoundingObserver on_rounding;
};

// What the tensors of a released checkpoint say about the generator: features, kernel, prompts,
// projection. Throws Error(data) naming the first tensor that is missing, unexpected or misshapen.
GeneratorConfig describe_checkpoint(const std::filesystem::path& checkpoint,
                                    const ImportOptions& options);

// Reads a released .pth (formats/torch_checkpoint.h) and writes the bundle folder `out` at once,
// streaming: memory does not grow with the checkpoint. Weights of convolutions as F16 are read twice and
// have exponents of channels where they need them (bundle/channel_exponents.h); all others are F32.
// Refuses weights that are not finite, or not so as F16. Returns the bundle's configuration.
GeneratorConfig import_checkpoint(const std::filesystem::path& checkpoint,
                                  const std::filesystem::path& out, const ImportOptions& options,
                                  OnExisting on_existing, const ByteProgress& progress);

// Writes a bundle with random weights, marked untrained. Weights: uniform in +-1/sqrt(fan_in), the
// default of PyTorch's convolutions; norms 1; biases 0. The numbers depend on the seed alone.
GeneratorConfig create_untrained(GeneratorConfig config, std::uint64_t seed,
                                 const std::filesystem::path& out, OnExisting on_existing,
                                 const ByteProgress& progress);

// The values of one parameter, C order.
using ParameterValues = std::function<std::vector<float>(const ParameterSpec& parameter)>;

// Writes a bundle of the parameters that decoder_parameters() names. Throws Error(internal) where
// `values` gives another number of them, Error(data) where the stored type cannot hold one.
GeneratorConfig write_trained(GeneratorConfig config, const ParameterValues& values,
                              const std::filesystem::path& out, OnExisting on_existing);

// models/presets/NAME.json beside the program. `folder` holds the presets. Throws Error(usage) for
// an unknown name, listing the known ones.
GeneratorConfig read_preset(const std::filesystem::path& folder, const std::string& name);
std::vector<std::string> preset_names(const std::filesystem::path& folder);

}  // namespace dnd::bundle
