#include "generate_estimate.h"

#include <algorithm>

#include "base/paths.h"
#include "base/strings.h"
#include "generate/estimate.h"
#include "generate/job_outputs.h"

namespace dnd::app {
namespace {

// Bytes of an element; Q8_0 stores 32 of them in 34 bytes.
double element_bytes(const std::string& dtype) {
  if (dtype == "q8_0") return 34.0 / 32.0;
  return dtype == "f32" ? 4.0 : 2.0;
}

// Of all formats together, headers left out.
std::uint64_t adapter_bytes(const bundle::GeneratorConfig& config, const GenerateOptions& options) {
  double bytes = 0.0;
  for (const adapter::AdapterFormat format : chosen_formats(options)) {
    bytes += static_cast<double>(config.layout.parameter_count()) *
             element_bytes(generate::dtype_of(format, options.adapter_dtype));
  }
  return static_cast<std::uint64_t>(bytes);
}

// "bf16", or "peft bf16, gguf f32".
std::string kinds_text(const GenerateOptions& options) {
  std::string text;
  const std::vector<adapter::AdapterFormat> formats = chosen_formats(options);
  for (const adapter::AdapterFormat format : formats) {
    if (!text.empty()) text += ", ";
    if (formats.size() > 1) text += cat(adapter::format_name(format), " ");
    text += generate::dtype_of(format, options.adapter_dtype);
  }
  return text;
}

// No more than there are.
std::size_t tasks_decoded_together(const bundle::GeneratorConfig& config,
                                   const GenerateOptions& options, std::size_t adapters) {
  return std::clamp<std::size_t>(adapters, 1, batch_size(config, options));
}

Json estimate_json(const generate::Generator& generator, const GenerateOptions& options,
                   const Planned& planned) {
  const std::size_t adapters = planned.adapters;
  const bundle::GeneratorConfig& config = generator.config;
  const auto& c = config.condition;
  const std::size_t at_once = tasks_decoded_together(config, options, adapters);
  Json json = {
      {"adapters", adapters},
      {"generator", config.name},
      {"prompts", c.prompts},
      {"condition", {c.prompts, c.max_length, c.width}},
      {"tokens", {config.features.back().n, config.features.back().h, config.features.back().w}},
      {"rank", config.layout.rank},
      {"bytes_per_adapter", adapter_bytes(config, options)},
      {"weights_bytes", file_bytes(generator.weights())},
      {"batch_size", at_once},
      {"activation_bytes", generate::decoding_bytes(config, at_once)},
      {"decoder_flop_per_adapter", 2.0 * config.multiply_adds()}};
  if (config.untrained) json["untrained"] = true;
  if (!planned.prompts_read.empty()) json["prompts_read"] = planned.prompts_read;
  return json;
}

}  // namespace

std::size_t batch_size(const bundle::GeneratorConfig& config, const GenerateOptions& options) {
  return options.batch_size > 0 ? options.batch_size : generate::tasks_at_once(config);
}

void print_estimate(const Context& context, const generate::Generator& generator,
                    const GenerateOptions& options, const Planned& planned) {
  const Json json = estimate_json(generator, options, planned);
  if (context.json) return print_json(json);
  const bundle::GeneratorConfig& config = generator.config;
  const double tera = 2.0 * config.multiply_adds() / 1e12;
  print_line(cat("adapters    ", planned.adapters, ", ",
                 human_bytes(adapter_bytes(config, options)), " each (rank ", config.layout.rank,
                 ", ", kinds_text(options), ")"));
  print_line(cat("condition   ", config.condition.prompts, " prompts x ",
                 config.condition.max_length, " tokens x ", config.condition.width));
  print_line(cat("tokens      ", json_line(json["tokens"])));
  print_line(cat("weights     ", human_bytes(json["weights_bytes"].get<std::uint64_t>()),
                 ", memory-mapped"));
  print_line(cat("activations about ", human_bytes(json["activation_bytes"].get<std::uint64_t>()),
                 ", tasks at once ", json["batch_size"].get<std::size_t>()));
  print_line(cat("work        ", tera, " TFLOP an adapter in the decoder: about ",
                 static_cast<long>(tera * 1000 / 100 + 1), " s at 100 GFLOP/s"));
}

}  // namespace dnd::app
