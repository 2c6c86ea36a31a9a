#include "bundle/bundle_card.h"

#include "base/strings.h"

namespace dnd::bundle {

std::string bundle_card(const GeneratorConfig& config) {
  std::string text = "# Adapter generator: " + printable(config.name) + "\n\n";
  if (config.untrained) {
    text +=
        "**Untrained: the weights are random. Its adapters test the pipeline; they do not make a "
        "model better at anything.**\n\n";
  }
  const adapter::AdapterLayout& layout = config.layout;
  text +=
      "Turns unlabelled prompts into a LoRA adapter in one forward pass (Drag-and-Drop LLMs, "
      "arXiv 2506.16406):\n\n```sh\ndnd generate --model THIS_FOLDER --prompts prompts.jsonl\n"
      "```\n\n| | |\n|---|---|\n";
  const auto row = [&](const auto&... parts) { text += cat("| ", parts..., " |\n"); };
  row("base model | ", layout.base_model.empty() ? "not named" : printable(layout.base_model));
  row("rank, alpha | ", layout.rank, ", ", layout.alpha);
  row("prompts | ", config.condition.prompts, " of ", config.condition.max_length, " tokens");
  row("text encoder | ", printable(config.condition.encoder));
  row("decoder parameters | ", config.decoder_parameters());
  if (config.residual) row("output | added to the mean tokens of the training adapters");
  row("weights | ", dtype_name(config.weights_dtype), ", sha256 ", config.weights_sha256);
  if (!config.license.empty()) row("licence | ", printable(config.license));
  for (const auto& [key, value] : config.provenance) {
    row(printable(key), " | ", printable(value));
  }
  return text;
}

}  // namespace dnd::bundle
