// dnd layout: any base model -> adapter layout, and features for a decoder of it.
#include <cmath>

#include "adapter/derive_layout.h"
#include "ask_options.h"
#include "base/file.h"
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "bundle/propose_features.h"
#include "context.h"
#include "feature_options.h"
#include "source_options.h"

namespace dnd::app {
namespace {

// Names of skipped modules shown on standard error; --json has all.
constexpr std::size_t kShownModules = 4;

struct LayoutOptions {
  std::filesystem::path base;
  std::filesystem::path out;
  adapter::DeriveOptions derive;
  bool propose = false;
  std::int64_t kernel = 3;
  FeatureOptions features;
  bool force = false;
};

// What one call found.
struct Report {
  target::BaseModel base;
  adapter::AdapterLayout layout;
  std::vector<adapter::SkippedLinears> skipped;
  std::vector<bundle::Feature> features;  // empty unless asked for
};

void log_report(const Report& report) {
  const adapter::AdapterLayout& layout = report.layout;
  log_info(cat(layout.token_count(), " tokens of ", layout.token_rows, " x ", layout.token_columns,
               " for ", layout.parameter_count(), " parameters of ", layout.factors().size() / 2,
               " modules; padding ", std::round(adapter::padding_share(layout) * 1000.0) / 10.0,
               " %"));
  for (const adapter::SkippedLinears& each : report.skipped) {
    std::string names;
    for (std::size_t i = 0; i < std::min(each.modules.size(), kShownModules); ++i) {
      names += cat(i > 0 ? ", " : "", printable(each.modules[i]));
    }
    if (each.modules.size() > kShownModules) names += ", ...";
    log_info(cat("left out, ", each.reason, ": ", each.count, " (", names, ")"));
  }
  if (!report.base.quantization.empty()) {
    log_info(cat("the base's weights are quantised: ", printable(report.base.quantization)));
  }
}

// What adapters will call their base.
void tell_name(const Report& report, const LayoutOptions& options) {
  if (report.layout.base_model.empty()) {
    log_warning(
        "no --name, and the base does not say its own: adapters will not name their base "
        "(base_model_name_or_path: null), which AutoPeftModel and vLLM's resolver go by");
  } else if (options.derive.base_model.empty()) {
    log_info(cat("adapters will name their base '", printable(report.layout.base_model),
                 "', as its config does (--name gives another)"));
  }
}

Json skipped_to_json(const std::vector<adapter::SkippedLinears>& skipped) {
  Json list = Json::array();
  for (const adapter::SkippedLinears& each : skipped) {
    list.push_back({{"reason", each.reason}, {"count", each.count}, {"modules", each.modules}});
  }
  return list;
}

Json report_to_json(const Report& report, const LayoutOptions& options) {
  const adapter::AdapterLayout& layout = report.layout;
  Json json = Json::object();
  if (options.out.empty() || options.out == "-") {
    json["layout"] = adapter::layout_to_json(layout);
  } else {
    json["path"] = options.out.string();
  }
  json["architecture"] = layout.architecture;
  json["tokens"] = {layout.token_count(), layout.token_rows, layout.token_columns};
  json["modules"] = layout.factors().size() / 2;
  json["target_modules"] = layout.target_modules();
  json["parameters"] = layout.parameter_count();
  json["padding"] = adapter::padding_share(layout);
  json["skipped"] = skipped_to_json(report.skipped);
  if (!report.base.quantization.empty()) json["quantization"] = report.base.quantization;
  if (report.base.tied_embeddings) json["tied_embeddings"] = *report.base.tied_embeddings;
  if (options.propose) {
    json["features"] = bundle::features_json(report.features);
    json["kernel"] = options.kernel;
    json["decoder_parameters"] = bundle::count_parameters(report.features, options.kernel);
  }
  return json;
}

FileKind layout_file() {
  return {"an adapter layout", [](const std::filesystem::path& path) {
            adapter::read_layout_file(path);
            return true;
          }};
}

void write_layout(const LayoutOptions& options, const std::string& text) {
  Staged staged(options.out, layout_file(),
                options.force ? OnExisting::replace : OnExisting::refuse);
  write_new_file(staged.path(), text);
  staged.commit();
}

void run_layout(const Context& context, const LayoutOptions& options) {
  const bool to_file = !options.out.empty() && options.out != "-";
  if (to_file) check_output(options.out, layout_file(), options.force, {options.base});
  Report report;
  report.base = target::read_base_model(options.base);
  report.layout = adapter::derive_layout(report.base, options.derive);
  report.skipped = adapter::select_targets(report.base, options.derive.targets).skipped;
  log_report(report);
  tell_name(report, options);
  if (options.propose) {
    report.features = propose_features(report.layout, options.features, options.kernel);
  }
  const std::string text = json_pretty(adapter::layout_to_json(report.layout));
  if (to_file) write_layout(options, text);
  if (context.json) return print_json(report_to_json(report, options));
  if (to_file) print_line(options.out.string());
  if (options.propose) return print_line(bundle::features_text(report.features));
  if (!to_file) print_line(text.substr(0, text.size() - 1));
}

void add_target_options(CLI::App& command, adapter::DeriveOptions& derive) {
  command
      .add_option("-t,--targets", derive.targets.targets,
                  "Modules, by the end of their name or by a pattern with * and ?; or all-linear\n"
                  "(default: the blocks of the language model or diffusion transformer)")
      ->delimiter(',');
  add_layers_option(command, derive.targets);
  command.add_flag("--experts", derive.targets.experts, "Take experts of mixtures in as well");
  command.add_option("--key-prefix", derive.key_prefix,
                     "What tensor names begin with (default: by the base's kind)");
}

void add_size_options(CLI::App& command, adapter::DeriveOptions& derive) {
  command.add_option("-r,--rank", derive.rank, "LoRA rank")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--alpha", derive.alpha, "LoRA alpha (default: twice the rank)")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--chunk-width", derive.chunk_width,
                  "Columns of a weight token (default: greatest common divisor of all sizes,\n"
                  "or what leaves the least padding)")
      ->check(CLI::Range(1, 1 << 20));
}

}  // namespace

void add_layout(CLI::App& program, Context& context) {
  const auto options = std::make_shared<LayoutOptions>();
  CLI::App& command = add_command(
      program, context, "layout", "A base model -> adapter layout",
      {{"dnd layout --base SmolLM2-135M-Instruct/ --rank 8 --out layout.json", ""},
       {"dnd layout --base config.json --rank 16 --name Qwen/Qwen2.5-7B-Instruct", "to stdout"},
       {"dnd layout --base FLUX.1-dev/transformer/ --targets 'transformer_blocks.*attn*' -o f.json",
        "weights are not read, only their names and shapes"},
       {"dnd layout --base Qwen3-8B/ --propose-features --parameters 300M", ""}},
      [&context, options] {
        const formats::ModelPlace base = base_place(options->base);
        options->base = base.path;
        if (options->derive.base_model.empty()) options->derive.base_model = base.hub_name;
        run_layout(context, *options);
      });
  command
      .add_option("-b,--base", options->base,
                  "Model folder, config.json, .safetensors, *.safetensors.index.json or .gguf")
      ->required();
  add_size_options(command, options->derive);
  add_target_options(command, options->derive);
  command.add_option("--name", options->derive.base_model,
                     "Hub id or path of the base, for adapter_config.json (default: its own)");
  command.add_flag("--propose-features", options->propose,
                   "Print features of a decoder for it, as train.json and dnd new take them");
  command.add_option("--kernel", options->kernel, "Kernel size of that decoder, odd")
      ->capture_default_str();
  add_feature_options(command, options->features);
  command.add_option("-o,--out", options->out, "File to write (default: standard output)");
  command.add_flag("-f,--force", options->force, "Replace an existing file");
}

}  // namespace dnd::app
