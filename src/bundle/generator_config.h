// What a generator is: decoder features, the condition it takes, the layout it writes.
//
// A bundle is a folder: generator.json (this struct), decoder.safetensors (weights under the
// released parameter names), optionally encoder/ (a Hugging Face encoder folder) and README.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/update_norms.h"
#include "base/dtype.h"
#include "base/json.h"

namespace dnd::bundle {

inline constexpr const char* kGeneratorConfigName = "generator.json";
inline constexpr const char* kDecoderWeightsName = "decoder.safetensors";
inline constexpr const char* kMeanTokensName = "mean_tokens";  // (T, R, S), with `residual`
inline constexpr const char* kEncoderFolderName = "encoder";

// Bounds far above any real generator, so that no product of sizes from a file overflows.
inline constexpr std::int64_t kMaxDimension = 1LL << 24U;
inline constexpr std::int64_t kMaxKernel = 63;

// One stage of the cascade: a feature (N, H, W). The first is the condition's, the last (T, R, S).
struct Feature {
  std::int64_t n = 0;
  std::int64_t h = 0;
  std::int64_t w = 0;

  bool operator==(const Feature&) const = default;
};

// down_proj + gate_proj of the large presets: L -> L' tokens per prompt.
struct Projection {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

// What a chunk of 512 positions without a single real token means (docs/algorithm.md).
enum class EmptyChunk {
  zero,     // attention context 0: the released stack under bf16 autocast
  uniform,  // uniform attention over the padding: the same code in fp32
};

enum class EncoderKind { transformer, glove };

struct ConditionConfig {
  std::string encoder;  // name, e.g. "all-MiniLM-L12-v2"
  EncoderKind kind = EncoderKind::transformer;
  std::int64_t prompts = 0;     // N of the first feature
  std::int64_t max_length = 0;  // L: tokens (words for GloVe) per prompt, padding included
  std::int64_t width = 0;       // C of the encoder
  std::optional<Projection> projection;
  EmptyChunk empty_chunk = EmptyChunk::zero;
};

struct GeneratorConfig {
  std::string name;
  bool untrained = false;  // random weights: for tests and as the start of training
  std::vector<Feature> features;
  std::int64_t kernel = 0;
  // The decoder's output is added to the mean tokens of the training adapters (`mean_tokens`).
  bool residual = false;
  Dtype weights_dtype = Dtype::f32;  // of the convolutions' weights: f32 or f16
  bool channel_exponents = false;    // some have exponents beside them (bundle/channel_exponents.h)
  std::string weights_sha256;        // of decoder.safetensors
  ConditionConfig condition;
  adapter::AdapterLayout layout;
  std::string license;                            // may be empty
  std::map<std::string, std::string> provenance;  // free text by key, e.g. "source"
  // Update norms of the adapters it was trained on, where known.
  std::optional<adapter::UpdateNorms> statistics;

  std::int64_t decoder_parameters() const;
  // Multiply-adds of one forward pass of the decoder (algorithm: 4 + 1 convolutions a layer).
  double multiply_adds() const;
};

// Checks the features and the kernel alone: how many, in range, odd. Throws Error(data); `who` names
// the document.
void check_features(const GeneratorConfig& config, const std::string& who);
// Checks what a file cannot promise: the above, and that features chain with condition and layout.
void check_generator(const GeneratorConfig& config, const std::string& who);

// Strict reading and writing of generator.json. The reader also runs check_generator().
GeneratorConfig generator_from_json(const Json& json, const std::string& who);
GeneratorConfig read_bundle(const std::filesystem::path& bundle);
Json generator_to_json(const GeneratorConfig& config);

// The decoder's parameters by released name with their shapes, in file order of a fresh bundle.
struct ParameterSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t fan_in = 0;  // of a weight; 0 for norms and biases

  bool is_convolution() const { return shape.size() == 4; }  // (Cout, Cin, k, k)
};
std::vector<ParameterSpec> decoder_parameters(const GeneratorConfig& config);

// "model.decoder.module_list.{layer}."
std::string layer_prefix(std::size_t layer);

}  // namespace dnd::bundle
