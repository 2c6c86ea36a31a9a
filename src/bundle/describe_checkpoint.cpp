// Reads a generator's configuration off the tensor names and shapes of a released checkpoint.
#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/version.h"
#include "bundle/write_bundle.h"
#include "formats/torch_checkpoint.h"

namespace dnd::bundle {
namespace {

using formats::CheckpointTensor;
using formats::Shape;
using formats::TorchCheckpoint;

// A buffer of the released training code: one weight per token. Not needed to generate, kept.
constexpr const char* kCriterionWeight = "criterion_weight";

class ShapeReader {
 public:
  explicit ShapeReader(const TorchCheckpoint& file) : file_(file) {}

  std::string who() const { return "checkpoint: " + file_.path().string(); }

  const Shape& shape(const std::string& name, std::size_t rank) const {
    const CheckpointTensor* tensor = file_.find(name);
    if (tensor == nullptr) {
      fail(ErrorKind::data, who(), ": tensor '", name, "' is missing (",
           file_.tensors().empty() ? "the file holds no tensors"
                                   : "not a Drag-and-Drop generator, "
                                     "or its architecture is another one",
           ")");
    }
    if (tensor->shape.size() != rank) {
      fail(ErrorKind::data, who(), ": tensor '", name, "': shape ", shape_text(tensor->shape),
           ", expected ", rank, " dimensions");
    }
    for (const std::int64_t size : tensor->shape) {
      if (size >= 1 && size <= kMaxDimension) continue;
      fail(ErrorKind::data, who(), ": tensor '", name, "': shape ", shape_text(tensor->shape),
           ", expected sizes from 1 to ", kMaxDimension);
    }
    return tensor->shape;
  }

  std::size_t layer_count() const {
    const auto is_there = [&](std::size_t layer) {
      const std::string p = layer_prefix(layer);
      return file_.find(p + "linear1.norm.weight") != nullptr ||
             file_.find(p + "linear2.weight") != nullptr;
    };
    std::size_t count = 0;
    while (is_there(count)) ++count;
    return count;
  }

  // Feature i + 1 and the kernel from layer i; feature 0 from layer 0.
  void read_features(GeneratorConfig& config) const {
    const std::size_t layers = std::max<std::size_t>(layer_count(), 1);
    for (std::size_t i = 0; i < layers; ++i) {
      const std::string p = layer_prefix(i);
      const Shape& out = shape(p + "linear2.weight", 4);        // (N', N, k, k)
      const Shape& norm = shape(p + "linear1.norm.weight", 2);  // (H, W)
      const Shape& bias = shape(p + "linear1.bias", 2);         // (H', W')
      if (i == 0) {
        config.kernel = out[3];
        config.features.push_back({out[1], norm[0], norm[1]});
      }
      config.features.push_back({out[0], bias[0], bias[1]});
    }
  }

  std::optional<Projection> read_projection() const {
    if (file_.find("down_proj.weight") == nullptr) return std::nullopt;
    const Shape& down = shape("down_proj.weight", 2);  // (L', L)
    return Projection{down[1], down[0]};
  }

  // Every tensor the configuration needs is there with its shape, and nothing else is.
  void check_against(const GeneratorConfig& config) const {
    std::set<std::string> expected = {kCriterionWeight};
    for (const ParameterSpec& parameter : decoder_parameters(config)) {
      expected.insert(parameter.name);
      const Shape& found = shape(parameter.name, parameter.shape.size());
      if (found != parameter.shape) {
        fail(ErrorKind::data, who(), ": tensor '", parameter.name, "': shape ", shape_text(found),
             ", the rest of the checkpoint needs ", shape_text(parameter.shape));
      }
    }
    for (const CheckpointTensor& tensor : file_.tensors()) {
      if (!expected.contains(tensor.name)) {
        fail(ErrorKind::data, who(), ": unexpected tensor '", printable(tensor.name), "' ",
             shape_text(tensor.shape), " (not a Drag-and-Drop generator?)");
      }
      if (!is_float_convertible(tensor.dtype)) {
        fail(ErrorKind::data, who(), ": ", refused_type(tensor.dtype, tensor.name));
      }
    }
    const Shape criterion = {1, config.features.back().n, 1, 1};
    if (file_.find(kCriterionWeight) != nullptr && shape(kCriterionWeight, 4) != criterion) {
      fail(ErrorKind::data, who(), ": tensor 'criterion_weight': shape ",
           shape_text(shape(kCriterionWeight, 4)), ", expected ", shape_text(criterion));
    }
  }

 private:
  const TorchCheckpoint& file_;
};

void check_against_preset(const GeneratorConfig& found, const GeneratorConfig& preset,
                          const std::string& who) {
  const auto text = [](const GeneratorConfig& config) {
    std::string out =
        cat("kernel ", config.kernel, ", max_length ", config.condition.max_length, ", features");
    for (const Feature& f : config.features) out += " " + shape_text({f.n, f.h, f.w});
    return out;
  };
  if (found.kernel == preset.kernel && found.features == preset.features &&
      found.condition.max_length == preset.condition.max_length) {
    return;
  }
  fail(ErrorKind::data, who, ": the checkpoint has ", text(found), "; preset '", preset.name,
       "' has ", text(preset));
}

GeneratorConfig start_from(const ImportOptions& options) {
  if (options.preset) {
    GeneratorConfig config = *options.preset;
    config.features.clear();
    return config;
  }
  if (!options.layout) fail(ErrorKind::usage, "import: needs --preset or --layout");
  GeneratorConfig config;
  config.layout = *options.layout;
  config.condition.encoder = options.encoder;
  return config;
}

}  // namespace

GeneratorConfig describe_checkpoint(const std::filesystem::path& checkpoint,
                                    const ImportOptions& options) {
  const TorchCheckpoint file(checkpoint);
  const ShapeReader reader(file);
  GeneratorConfig config = start_from(options);
  reader.read_features(config);
  ConditionConfig& condition = config.condition;
  condition.projection = reader.read_projection();
  condition.prompts = config.features.front().n;
  condition.width = config.features.front().w;
  condition.max_length =
      condition.projection ? condition.projection->from : config.features.front().h;
  if (options.empty_chunk) condition.empty_chunk = *options.empty_chunk;
  if (options.max_length && *options.max_length != condition.max_length) {
    fail(ErrorKind::data, reader.who(), ": --max-length ", *options.max_length,
         " contradicts the shapes, which say ", condition.max_length);
  }
  check_features(config, reader.who());
  reader.check_against(config);
  if (options.preset) check_against_preset(config, *options.preset, reader.who());
  config.untrained = false;
  config.name = options.name.empty() ? checkpoint.stem().string() : options.name;
  config.weights_dtype = options.dtype;
  config.license = options.license;
  config.statistics = options.statistics;
  config.provenance = {{"source", checkpoint.filename().string()}, {"dnd_version", version()}};
  check_generator(config, reader.who());
  return config;
}

}  // namespace dnd::bundle
