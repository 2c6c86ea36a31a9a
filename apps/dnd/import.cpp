// dnd import: a released checkpoint -> bundle.
#include <map>
#include <string>

#include "adapter/adapter_layout.h"
#include "adapter/files/read_lora.h"
#include "adapter/update_norms.h"
#include "base/dtype.h"
#include "base/installation.h"
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "context.h"
#include "progress.h"

namespace dnd::app {
namespace {

struct ImportCommand {
  std::filesystem::path checkpoint;
  std::filesystem::path out;
  std::filesystem::path layout;
  std::string preset;
  std::string name;
  std::string dtype = "f32";
  std::string encoder;
  std::string empty_chunk;
  std::string license;
  std::vector<std::filesystem::path> training_adapters;
  std::int64_t max_length = 0;
  bool force = false;
};

bundle::ImportOptions import_options(const ImportCommand& command) {
  if (command.preset.empty() == command.layout.empty()) {
    fail(ErrorKind::usage, "import: needs either --preset NAME or --layout FILE");
  }
  bundle::ImportOptions options;
  options.name = command.name;
  options.dtype = parse_dtype(command.dtype);
  options.license = command.license;
  if (!command.preset.empty()) {
    options.preset = bundle::read_preset(data_folder() / "presets", command.preset);
    if (!command.encoder.empty()) options.preset->condition.encoder = command.encoder;
  } else {
    options.layout = adapter::read_layout_file(command.layout);
    if (!command.encoder.empty()) options.encoder = command.encoder;
  }
  if (!command.empty_chunk.empty()) {
    options.empty_chunk =
        command.empty_chunk == "zero" ? bundle::EmptyChunk::zero : bundle::EmptyChunk::uniform;
  }
  if (!command.training_adapters.empty()) {
    options.statistics.emplace();
    const adapter::BaseHints hints =
        adapter::hints_of(options.preset ? options.preset->layout : *options.layout);
    for (const std::filesystem::path& path : command.training_adapters) {
      adapter::add_update_norms(*options.statistics, adapter::read_lora(path, hints));
    }
  }
  if (command.max_length > 0) options.max_length = command.max_length;
  return options;
}

void say_what_was_found(const bundle::GeneratorConfig& config) {
  std::string features;
  for (const bundle::Feature& f : config.features) features += " " + shape_text({f.n, f.h, f.w});
  log_info(cat("found: kernel ", config.kernel, ", features", features));
  const bundle::ConditionConfig& c = config.condition;
  log_info(cat("condition: ", c.prompts, " prompts x ", c.max_length, " tokens",
               c.projection ? cat(" (projected to ", c.projection->to, ")") : "", ", encoder ",
               c.encoder));
}

using RoundingLosses = std::map<std::string, bundle::RoundingLoss>;

void say_what_was_lost(const RoundingLosses& losses) {
  const auto digits = [](double value) { return significant_digits(value, 2); };
  for (const auto& [kind, loss] : losses) {
    log_info(cat("rounded to F16: ", kind, ": largest relative error of a weight ",
                 digits(loss.largest), ", relative RMS ", digits(loss.relative_rms()), "; ",
                 loss.scaled_channels, " of ", loss.channels, " channels scaled"));
  }
}

Json losses_json(const RoundingLosses& losses) {
  Json json = Json::object();
  for (const auto& [kind, loss] : losses) {
    json[kind] = {{"largest", loss.largest},
                  {"relative_rms", loss.relative_rms()},
                  {"channels", loss.channels},
                  {"scaled_channels", loss.scaled_channels}};
  }
  return json;
}

void run_import(const Context& context, const ImportCommand& command) {
  std::vector<std::filesystem::path> inputs = command.training_adapters;
  inputs.insert(inputs.end(), {command.checkpoint, command.layout});
  check_output(command.out, bundle::bundle_folder(), command.force, inputs);
  bundle::ImportOptions options = import_options(command);
  RoundingLosses losses;
  options.on_rounding = [&](const std::string& kind, const bundle::RoundingLoss& loss) {
    losses[kind] = loss;
  };
  say_what_was_found(bundle::describe_checkpoint(command.checkpoint, options));
  Progress progress(context.quiet);
  progress.stage("import");
  const bundle::GeneratorConfig config = bundle::import_checkpoint(
      command.checkpoint, command.out, options,
      command.force ? OnExisting::replace : OnExisting::refuse,
      [&](std::uint64_t done, std::uint64_t total) {
        progress.update(static_cast<double>(done) / static_cast<double>(total));
      });
  progress.clear();
  say_what_was_lost(losses);
  if (!context.json) return print_line(command.out.string());
  Json json = {{"path", command.out.string()},
               {"name", config.name},
               {"parameters", config.decoder_parameters()},
               {"sha256", config.weights_sha256}};
  if (!losses.empty()) json["rounding"] = losses_json(losses);
  print_json(json);
}

}  // namespace

void add_import(CLI::App& program, Context& context) {
  const auto options = std::make_shared<ImportCommand>();
  CLI::App& command = add_command(
      program, context, "import", "A released generator checkpoint (.pth) -> bundle, safely",
      {{"dnd import qwen0.5lora__ARC-c.pth --preset qwen2.5-0.5b --out BUNDLE", ""},
       {"dnd import my.pth --layout layout.json --out BUNDLE --dtype f16",
        "half the size; says what rounding lost"}},
      [&context, options] { run_import(context, *options); });
  command.add_option("checkpoint", options->checkpoint, "The .pth file")->required();
  command.add_option("-o,--out", options->out, "Bundle folder to make")->required();
  command.add_option("--preset", options->preset, "Released configuration, e.g. qwen2.5-0.5b");
  command.add_option("--layout", options->layout, "Adapter layout of the target (see dnd layout)");
  command.add_option("--name", options->name, "Name of the generator (default: the file's)");
  command
      .add_option("--dtype", options->dtype,
                  "Element type of the convolutions' weights; f16: rounded, with a power\n"
                  "of two for each output channel")
      ->check(CLI::IsMember({"f32", "f16"}))
      ->capture_default_str();
  command.add_option("--encoder", options->encoder,
                     "Name of the text encoder (default: the preset's, else all-MiniLM-L12-v2)");
  command
      .add_option("--empty-chunk", options->empty_chunk,
                  "What 512 positions of padding mean (default: zero, as released)")
      ->check(CLI::IsMember({"zero", "uniform"}));
  command.add_option("--max-length", options->max_length,
                     "Tokens per prompt, to confirm what the shapes say");
  command.add_option("--training-adapters", options->training_adapters,
                     "Adapters the generator was trained on: their norms are recorded, for\n"
                     "dnd verify");
  command.add_option("--license", options->license, "Licence of the weights, for the card");
  command.add_flag("-f,--force", options->force, "Replace an existing bundle");
}

}  // namespace dnd::app
