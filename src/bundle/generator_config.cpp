#include "bundle/generator_config.h"

#include <utility>

#include "base/paths.h"
#include "base/strings.h"

namespace dnd::bundle {
namespace {

// BERT-like encoders take at most this many positions; longer prompts are cut into such chunks.
constexpr std::int64_t kEncoderChunk = 512;
constexpr std::size_t kMaxFeatures = 256;
constexpr std::int64_t kMaxParameters = 1LL << 40U;

const char* empty_chunk_name(EmptyChunk value) {
  return value == EmptyChunk::zero ? "zero" : "uniform";
}

EmptyChunk empty_chunk_from(const std::string& name, const std::string& where) {
  if (name == "zero") return EmptyChunk::zero;
  if (name == "uniform") return EmptyChunk::uniform;
  fail(ErrorKind::data, where, ": 'empty_chunk' is '", printable(name),
       "', expected zero or uniform");
}

EncoderKind encoder_kind_from(const std::string& name, const std::string& where) {
  if (name == "transformer") return EncoderKind::transformer;
  if (name == "glove") return EncoderKind::glove;
  fail(ErrorKind::data, where, ": 'kind' is '", printable(name),
       "', expected transformer or glove");
}

std::vector<Feature> features_from_json(JsonObject& decoder) {
  std::vector<Feature> features;
  const Json& array = decoder.array("features");
  for (std::size_t i = 0; i < array.size(); ++i) {
    const Json wrapped = {{"feature", array[i]}};
    JsonObject object(wrapped, cat(decoder.where(), ": features[", i, "]"));
    const auto sizes = object.integers("feature", 1, kMaxDimension);
    if (sizes.size() != 3) {
      fail(ErrorKind::data, object.where(), ": ", sizes.size(), " numbers, expected 3 (N, H, W)");
    }
    features.push_back({sizes[0], sizes[1], sizes[2]});
  }
  return features;
}

ConditionConfig condition_from_json(JsonObject object) {
  ConditionConfig condition;
  condition.encoder = object.text("encoder");
  condition.kind = encoder_kind_from(object.text_or("kind", "transformer"), object.where());
  condition.prompts = object.integer("prompts", 1, kMaxDimension);
  condition.max_length = object.integer("max_length", 1, kMaxDimension);
  condition.width = object.integer("width", 1, kMaxDimension);
  condition.empty_chunk = empty_chunk_from(object.text_or("empty_chunk", "zero"), object.where());
  if (object.has("projection")) {
    JsonObject projection = object.object("projection");
    condition.projection = {projection.integer("from", 1, kMaxDimension),
                            projection.integer("to", 1, kMaxDimension)};
    projection.refuse_unknown_keys();
  }
  object.refuse_unknown_keys();
  return condition;
}

Json condition_to_json(const ConditionConfig& condition) {
  Json json = {{"encoder", condition.encoder},
               {"kind", condition.kind == EncoderKind::glove ? "glove" : "transformer"},
               {"prompts", condition.prompts},
               {"max_length", condition.max_length},
               {"width", condition.width},
               {"empty_chunk", empty_chunk_name(condition.empty_chunk)}};
  if (condition.projection) {
    json["projection"] = {{"from", condition.projection->from}, {"to", condition.projection->to}};
  }
  return json;
}

std::string feature_text(const Feature& feature) {
  return shape_text({feature.n, feature.h, feature.w});
}

bool in_range(const Feature& feature) {
  const auto fits = [](std::int64_t size) { return size >= 1 && size <= kMaxDimension; };
  return fits(feature.n) && fits(feature.h) && fits(feature.w);
}

std::int64_t element_count(const ParameterSpec& parameter) {
  std::int64_t count = 1;
  for (const std::int64_t size : parameter.shape) count *= size;
  return count;
}

void check_tokens(const GeneratorConfig& config, const std::string& who) {
  const adapter::AdapterLayout& layout = config.layout;
  const Feature tokens{layout.token_count(), layout.token_rows, layout.token_columns};
  if (config.features.back() != tokens) {
    fail(ErrorKind::data, who, ": the last feature is ", feature_text(config.features.back()),
         ", the layout has tokens ", feature_text(tokens), " (layout of another base model?)");
  }
}

void check_condition(const GeneratorConfig& config, const std::string& who) {
  const ConditionConfig& condition = config.condition;
  const std::string& name = condition.encoder;  // it becomes a folder name
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
    fail(ErrorKind::data, who, ": the encoder's name is '", printable(name),
         "', expected a plain one such as all-MiniLM-L12-v2");
  }
  if (condition.projection && condition.projection->from != condition.max_length) {
    fail(ErrorKind::data, who, ": the projection takes ", condition.projection->from,
         " tokens, max_length is ", condition.max_length);
  }
  const std::int64_t length =
      condition.projection ? condition.projection->to : condition.max_length;
  const Feature expected{condition.prompts, length, condition.width};
  if (config.features.front() != expected) {
    fail(ErrorKind::data, who, ": the first feature is ", feature_text(config.features.front()),
         ", the condition is ", feature_text(expected));
  }
  if (condition.kind == EncoderKind::transformer && condition.max_length > kEncoderChunk &&
      condition.max_length % kEncoderChunk != 0) {
    fail(ErrorKind::data, who, ": max_length ", condition.max_length, " above ", kEncoderChunk,
         " must be a multiple of it");
  }
}

}  // namespace

std::string layer_prefix(std::size_t layer) {
  return cat("model.decoder.module_list.", layer, ".");
}

std::vector<ParameterSpec> decoder_parameters(const GeneratorConfig& config) {
  std::vector<ParameterSpec> out;
  const std::int64_t k = config.kernel;
  const std::int64_t area = k * k;
  for (std::size_t i = 0; i + 1 < config.features.size(); ++i) {
    const auto [n, h, w] = config.features[i];
    const auto [n2, h2, w2] = config.features[i + 1];
    const std::string p = layer_prefix(i);
    out.push_back({p + "linear1.norm.weight", {h, w}, 0});
    out.push_back({p + "linear1.norm.bias", {h, w}, 0});
    out.push_back({p + "linear1.conv1w.weight", {w2, w, k, k}, w * area});
    out.push_back({p + "linear1.conv1h.weight", {h2, h, k, k}, h * area});
    out.push_back({p + "linear1.conv2h.weight", {h2, h, k, k}, h * area});
    out.push_back({p + "linear1.conv2w.weight", {w2, w, k, k}, w * area});
    out.push_back({p + "linear1.bias", {h2, w2}, 0});
    out.push_back({p + "linear2.weight", {n2, n, k, k}, n * area});
    out.push_back({p + "linear2.bias", {n2}, 0});
  }
  if (const auto& projection = config.condition.projection) {
    const auto [from, to] = *projection;
    out.push_back({"down_proj.weight", {to, from}, from});
    out.push_back({"down_proj.bias", {to}, 0});
    out.push_back({"gate_proj.weight", {to, to}, to});
    out.push_back({"gate_proj.bias", {to}, 0});
  }
  if (config.residual) {
    const Feature& tokens = config.features.back();
    out.push_back({kMeanTokensName, {tokens.n, tokens.h, tokens.w}, 0});
  }
  return out;
}

std::int64_t GeneratorConfig::decoder_parameters() const {
  std::int64_t count = 0;
  for (const ParameterSpec& spec : bundle::decoder_parameters(*this)) count += element_count(spec);
  return count;
}

double GeneratorConfig::multiply_adds() const {
  double total = 0.0;
  for (std::size_t i = 0; i + 1 < features.size(); ++i) {
    const auto [n, h, w] = features[i];
    const auto [n2, h2, w2] = features[i + 1];
    const auto product = [](auto... sizes) { return (1.0 * ... * static_cast<double>(sizes)); };
    total += product(kernel, kernel) * (product(w, w2, h, n) + product(h, h2, n, w2) +  // path 1
                                        product(h, h2, n, w) + product(w, w2, h2, n) +  // path 2
                                        product(n, n2, h2, w2));                        // linear2
  }
  return total;
}

void check_features(const GeneratorConfig& config, const std::string& who) {
  if (config.features.size() < 2 || config.features.size() > kMaxFeatures) {
    fail(ErrorKind::data, who, ": ", config.features.size(), " features, expected 2 to ",
         kMaxFeatures);
  }
  if (config.kernel % 2 == 0 || config.kernel < 1 || config.kernel > kMaxKernel) {
    fail(ErrorKind::data, who, ": kernel size ", config.kernel, ", expected an odd number up to ",
         kMaxKernel);
  }
  for (const Feature& feature : config.features) {
    if (in_range(feature)) continue;
    fail(ErrorKind::data, who, ": feature ", feature_text(feature), ", expected sizes from 1 to ",
         kMaxDimension);
  }
  std::int64_t count = 0;
  for (const ParameterSpec& parameter : decoder_parameters(config)) {
    count += element_count(parameter);  // each below 2^60
    if (count > kMaxParameters) {
      fail(ErrorKind::data, who, ": more than ", kMaxParameters, " decoder parameters");
    }
  }
}

void check_generator(const GeneratorConfig& config, const std::string& who) {
  if (config.weights_dtype != Dtype::f32 && config.weights_dtype != Dtype::f16) {
    fail(ErrorKind::data, who, ": weights of type ", dtype_name(config.weights_dtype),
         ", expected F32 or F16");
  }
  if (config.channel_exponents && config.weights_dtype != Dtype::f16) {
    fail(ErrorKind::data, who, ": decoder: 'channel_exponents' go with F16 weights, these are ",
         dtype_name(config.weights_dtype));
  }
  check_features(config, who);
  check_tokens(config, who);
  check_condition(config, who);
}

GeneratorConfig generator_from_json(const Json& json, const std::string& who) {
  JsonObject object(json, who);
  object.expect_format("dnd-generator");
  GeneratorConfig config;
  config.name = object.text("name");
  config.untrained = object.boolean_or("untrained", false);
  JsonObject decoder = object.object("decoder");
  config.features = features_from_json(decoder);
  config.kernel = decoder.integer("kernel", 1, kMaxKernel);
  config.residual = decoder.boolean_or("residual", false);
  const std::string dtype = decoder.text_or("dtype", "F32");
  config.weights_dtype = dtype_from_name(dtype).value_or(Dtype::u8);
  if (config.weights_dtype != Dtype::f32 && config.weights_dtype != Dtype::f16) {
    fail(ErrorKind::data, who, ": decoder: 'dtype' is '", printable(dtype),
         "', expected F32 or F16");
  }
  config.channel_exponents = decoder.boolean_or("channel_exponents", false);
  config.weights_sha256 = decoder.text_or("sha256", "");
  decoder.refuse_unknown_keys();
  config.condition = condition_from_json(object.object("condition"));
  config.layout = adapter::layout_from_json(object.at("layout"), who + ": layout");
  config.license = object.text_or("license", "");
  if (object.has("provenance")) {
    JsonObject provenance = object.object("provenance");
    for (const auto& [key, value] : object.at("provenance").items()) {
      config.provenance[key] = provenance.text(key);
    }
  }
  if (object.has("statistics")) {
    config.statistics =
        adapter::update_norms_from_json(object.at("statistics"), who + ": statistics");
  }
  object.refuse_unknown_keys();
  check_generator(config, who);
  return config;
}

GeneratorConfig read_bundle(const std::filesystem::path& bundle) {
  if (!path_exists(bundle)) {
    fail(ErrorKind::no_input, "bundle: ", bundle.string(), ": not found");
  }
  const std::filesystem::path path = bundle / kGeneratorConfigName;
  if (!path_exists(path)) {
    fail(ErrorKind::no_input, "bundle: ", bundle.string(), ": is not a generator bundle (no ",
         kGeneratorConfigName, "; make one from a released .pth with 'dnd import')");
  }
  const std::string who = "bundle: " + path.string();
  return generator_from_json(read_json_file(path, who), who);
}

Json generator_to_json(const GeneratorConfig& config) {
  Json features = Json::array();
  for (const Feature& feature : config.features) {
    features.push_back({feature.n, feature.h, feature.w});
  }
  Json decoder = {{"features", features},
                  {"kernel", config.kernel},
                  {"dtype", dtype_name(config.weights_dtype)}};
  if (config.channel_exponents) decoder["channel_exponents"] = true;
  if (config.residual) decoder["residual"] = true;
  if (!config.weights_sha256.empty()) decoder["sha256"] = config.weights_sha256;
  Json json = {{"format", "dnd-generator"}, {"version", 1}, {"name", config.name}};
  if (config.untrained) json["untrained"] = true;
  json["decoder"] = decoder;
  json["condition"] = condition_to_json(config.condition);
  json["layout"] = adapter::layout_to_json(config.layout);
  if (!config.license.empty()) json["license"] = config.license;
  if (!config.provenance.empty()) json["provenance"] = config.provenance;
  if (config.statistics) json["statistics"] = adapter::update_norms_to_json(*config.statistics);
  return json;
}

}  // namespace dnd::bundle
