// dnd new: an untrained generator, the start of training and of tests.
#include "adapter/adapter_layout.h"
#include "base/dtype.h"
#include "base/installation.h"
#include "base/staged.h"
#include "base/strings.h"
#include "bundle/propose_features.h"
#include "bundle/write_bundle.h"
#include "context.h"
#include "feature_options.h"
#include "progress.h"
#include "source_options.h"

namespace dnd::app {
namespace {

struct NewOptions {
  std::filesystem::path layout;
  std::string preset;
  std::vector<std::string> features;
  FeatureOptions proposal;  // for --features auto
  std::int64_t kernel = 3;
  std::int64_t max_length = 0;
  std::string encoder = "all-MiniLM-L6-v2";
  std::string encoder_kind = "transformer";
  std::string empty_chunk = "zero";
  std::string name = "untrained";
  std::string dtype = "f32";
  std::uint64_t seed = 0;
  std::filesystem::path out;
  bool force = false;
};

// "8,36,384;16,24,96", the same as several words, or [[8,36,384],[16,24,96]], of which CLI11 has taken the
// outer brackets and the commas.
std::vector<bundle::Feature> parse_features(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  const bool is_list = trimmed(words[0]).starts_with('[');
  std::string text = is_list ? "[" : "";
  for (const std::string& word : words) {
    text += cat(&word == &words[0] ? "" : is_list ? "," : ";", word);
  }
  return bundle::features_from_text(text + (is_list ? "]" : ""), "new: --features",
                                    ErrorKind::usage);
}

bundle::GeneratorConfig config_from(const NewOptions& options) {
  if (options.preset.empty() == options.layout.empty()) {
    fail(ErrorKind::usage, "new: needs either --preset NAME or --layout FILE with --features");
  }
  if (!options.preset.empty()) {
    return bundle::read_preset(data_folder() / "presets", options.preset);
  }
  bundle::GeneratorConfig config;
  config.layout = adapter::read_layout_file(options.layout);
  config.features = options.features == std::vector<std::string>{"auto"}
                        ? propose_features(config.layout, options.proposal, options.kernel)
                        : parse_features(options.features);
  if (config.features.empty()) fail(ErrorKind::usage, "new: --features is missing");
  config.kernel = options.kernel;
  bundle::ConditionConfig& condition = config.condition;
  const bundle::Feature& first = config.features.front();
  condition.encoder = options.encoder;
  condition.kind = options.encoder_kind == "glove" ? bundle::EncoderKind::glove
                                                   : bundle::EncoderKind::transformer;
  condition.prompts = first.n;
  condition.width = first.w;
  condition.max_length = options.max_length > 0 ? options.max_length : first.h;
  if (condition.max_length != first.h) condition.projection = {condition.max_length, first.h};
  condition.empty_chunk =
      options.empty_chunk == "zero" ? bundle::EmptyChunk::zero : bundle::EmptyChunk::uniform;
  return config;
}

void run_new(const Context& context, const NewOptions& options) {
  check_output(options.out, bundle::bundle_folder(), options.force, {options.layout});
  bundle::GeneratorConfig config = config_from(options);
  config.name = options.name;
  config.weights_dtype = parse_dtype(options.dtype);
  Progress progress(context.quiet);
  progress.stage("random weights");
  config = bundle::create_untrained(
      std::move(config), options.seed, options.out,
      options.force ? OnExisting::replace : OnExisting::refuse,
      [&](std::uint64_t done, std::uint64_t total) {
        progress.update(static_cast<double>(done) / static_cast<double>(total));
      });
  progress.clear();
  if (!context.json) return print_line(options.out.string());
  print_json({{"path", options.out.string()},
              {"parameters", config.decoder_parameters()},
              {"sha256", config.weights_sha256},
              {"untrained", true}});
}

}  // namespace

void add_new(CLI::App& program, Context& context) {
  const auto options = std::make_shared<NewOptions>();
  CLI::App& command = add_command(
      program, context, "new", "An untrained generator (random weights), marked so",
      {{"dnd new --layout layout.json --features '8,36,384;16,24,96;70,6,14' --seed 1 -o BUNDLE",
        ""},
       {"dnd new --layout layout.json --features auto --parameters 100M -o BUNDLE", ""},
       {"dnd new --preset qwen2.5-0.5b -o BUNDLE", "full size, 4.45 GB"}},
      [&context, options] { run_new(context, *options); });
  command.add_option("--layout", options->layout, "Adapter layout of the target (see dnd layout)");
  command.add_option("--preset", options->preset, "Released configuration instead");
  command.add_option(
      "--features", options->features,
      "Decoder features [[N,H,W],...] or N,H,W;... from the condition (prompts, tokens,\n"
      "encoder width) to the weight tokens of the layout; or auto");
  add_feature_options(command, options->proposal);
  command.add_option("--kernel", options->kernel, "Kernel size, odd")->capture_default_str();
  command.add_option(
      "--max-length", options->max_length,
      "Tokens per prompt, where a projection shortens them to the first feature's H");
  command.add_option("--encoder", options->encoder, "Name of the text encoder")
      ->capture_default_str();
  command.add_option("--encoder-kind", options->encoder_kind, "Kind of the text encoder")
      ->check(CLI::IsMember({"transformer", "glove"}))
      ->capture_default_str();
  command.add_option("--empty-chunk", options->empty_chunk, "What 512 positions of padding mean")
      ->check(CLI::IsMember({"zero", "uniform"}))
      ->capture_default_str();
  command.add_option("--name", options->name, "Name of the generator")->capture_default_str();
  command.add_option("--dtype", options->dtype, "Element type of the convolutions' weights")
      ->check(CLI::IsMember({"f32", "f16"}))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Seed of the weights (default 0)")
      ->check(seed_check());
  command.add_option("-o,--out", options->out, "Bundle folder to make")->required();
  command.add_flag("-f,--force", options->force, "Replace an existing bundle");
}

}  // namespace dnd::app
