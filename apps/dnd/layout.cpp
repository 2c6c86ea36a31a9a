// dnd layout: a base model's config.json -> adapter layout.
#include <cmath>

#include "adapter/derive_layout.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "context.h"

namespace dnd::app {
namespace {

struct LayoutOptions {
  std::filesystem::path base;
  std::filesystem::path out;
  std::string base_model;
  std::int64_t rank = 8;
  std::int64_t alpha = 0;
  std::int64_t chunk_width = 0;
  bool force = false;
};

void run_layout(const Context& context, const LayoutOptions& options) {
  adapter::DeriveOptions derive;
  derive.rank = options.rank;
  derive.base_model = options.base_model;
  if (options.alpha > 0) derive.alpha = options.alpha;
  if (options.chunk_width > 0) derive.chunk_width = options.chunk_width;
  const adapter::AdapterLayout layout =
      adapter::derive_layout(target::read_base_model(options.base), derive);
  log_info(cat(layout.token_count(), " tokens of ", layout.token_rows, " x ", layout.token_columns,
               " for ", layout.parameter_count(), " parameters; padding ",
               std::round(adapter::padding_share(layout) * 1000.0) / 10.0, " %"));
  const std::string text = json_pretty(adapter::layout_to_json(layout));
  if (options.out.empty() || options.out == "-") {
    return print_line(text.substr(0, text.size() - 1));
  }
  if (!options.force && is_occupied(options.out)) {
    fail(ErrorKind::cannot_create, options.out.string(), ": exists already (--force replaces it)");
  }
  write_file_atomically(options.out, text);
  if (!context.json) return print_line(options.out.string());
  print_json({{"path", options.out.string()},
              {"tokens", {layout.token_count(), layout.token_rows, layout.token_columns}},
              {"parameters", layout.parameter_count()},
              {"padding", adapter::padding_share(layout)}});
}

}  // namespace

void add_layout(CLI::App& program, Context& context) {
  const auto options = std::make_shared<LayoutOptions>();
  CLI::App& command = add_command(
      program, context, "layout", "A base model's config.json -> adapter layout",
      {{"dnd layout --base Qwen2.5-0.5B-Instruct/ --rank 8 --out layout.json", ""},
       {"dnd layout --base config.json --rank 16 --name Qwen/Qwen2.5-7B-Instruct", "to stdout"}},
      [&context, options] { run_layout(context, *options); });
  command.add_option("-b,--base", options->base, "The base model's folder or config.json")
      ->required();
  command.add_option("-r,--rank", options->rank, "LoRA rank")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--alpha", options->alpha, "LoRA alpha (default: twice the rank)")
      ->check(CLI::Range(1, 1 << 20));
  command.add_option("--name", options->base_model,
                     "Hub id or path of the base, for adapter_config.json");
  command
      .add_option("--chunk-width", options->chunk_width,
                  "Columns of a weight token (default: greatest common divisor of all sizes)")
      ->check(CLI::Range(1, 1 << 20));
  command.add_option("-o,--out", options->out, "File to write (default: standard output)");
  command.add_flag("-f,--force", options->force, "Replace an existing file");
}

}  // namespace dnd::app
