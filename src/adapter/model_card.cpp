#include "adapter/model_card.h"

#include "base/json.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace {

// vLLM's default --max-lora-rank.
constexpr std::int64_t kVllmDefaultRank = 16;

std::string front_matter(const AdapterLayout& layout) {
  std::string text = "---\nlibrary_name: peft\n";
  if (!layout.base_model.empty()) {
    text += "base_model: " + json_line(Json(layout.base_model)) + "\n";  // JSON strings are YAML
  }
  return text + "tags:\n- lora\n- drag-and-drop-llms\n---\n\n";
}

std::string how_to_load(const AdapterLayout& layout) {
  const std::string base = layout.base_model.empty() ? "BASE" : printable(layout.base_model);
  std::string text = cat("```python\nfrom peft import PeftModel\n",
                         "from transformers import AutoModelForCausalLM\n\n",
                         "model = AutoModelForCausalLM.from_pretrained(\"", base, "\")\n",
                         "model = PeftModel.from_pretrained(model, \"THIS FOLDER\")\n```\n\n");
  if (layout.rank > kVllmDefaultRank) {
    text += cat("vLLM needs `--max-lora-rank ", layout.rank, "` or more.\n\n");
  }
  return text;
}

}  // namespace

std::string adapter_card(const AdapterLayout& layout, const Provenance& provenance, Dtype dtype) {
  std::string text = front_matter(layout) + "# Generated LoRA adapter\n\n";
  if (provenance.untrained) {
    text +=
        "**The generator of this adapter is untrained (random weights). The adapter tests the "
        "pipeline; it does not make a model better at anything.**\n\n";
  }
  text +=
      cat("Made in one forward pass from ",
          provenance.prompts_used == 0 ? "a condition tensor" : "unlabelled prompts",
          " by `dnd` (Drag-and-Drop LLMs, arXiv 2506.16406). No training on the task took place; ",
          "judge it on your own data before use.\n\n");
  text += how_to_load(layout);
  text += cat("| | |\n|---|---|\n| rank | ", layout.rank, " |\n| alpha | ", layout.alpha,
              " |\n| element type | ", dtype_name(dtype), " |\n| parameters | ",
              layout.parameter_count(), " |\n");
  for (const auto& [key, value] : provenance_metadata(provenance)) {
    if (key != "format") text += cat("| ", key, " | ", printable(value), " |\n");
  }
  return text;
}

}  // namespace dnd::adapter
