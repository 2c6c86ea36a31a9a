#include "adapter/model_card.h"

#include "base/json.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace {

// vLLM's default --max-lora-rank.
constexpr std::int64_t kVllmDefaultRank = 16;

// The base that comes with this program is in no hub.
constexpr std::string_view kTinyBase = "dnd/tiny-default";
constexpr std::string_view kTinyBaseFolder = "models/default/base";

bool is_of_tiny_base(const LoraAdapter& adapter) { return adapter.base_model == kTinyBase; }

// By this program, not by another tool.
bool is_generated(const LoraAdapter& adapter) { return adapter.metadata.contains("dnd.generator"); }
bool is_composed(const LoraAdapter& adapter) {
  return adapter.metadata.contains("dnd.composed_from");
}

std::string front_matter(const LoraAdapter& adapter) {
  std::string text = "---\nlibrary_name: peft\n";
  if (!adapter.base_model.empty() && !is_of_tiny_base(adapter)) {
    text += "base_model: " + json_line(Json(adapter.base_model)) + "\n";  // JSON strings are YAML
  }
  text += "tags:\n- lora\n";
  if (is_generated(adapter)) text += "- drag-and-drop-llms\n";
  return text + "---\n\n";
}

std::string origin(const LoraAdapter& adapter) {
  if (is_composed(adapter)) {
    return "# Composed LoRA adapter\n\nThe weighted sum of other adapters, made by `dnd`.\n\n";
  }
  if (!is_generated(adapter)) {
    return cat("# LoRA adapter\n\nConverted by `dnd` from a file of another tool (",
               format_name(adapter.format), ").\n\n");
  }
  std::string text = "# Generated LoRA adapter\n\n";
  if (adapter.metadata.contains("dnd.untrained")) {
    text +=
        "**The generator of this adapter is untrained (random weights). The adapter tests the "
        "pipeline; it does not make a model better at anything.**\n\n";
  }
  return text +
         cat("Made in one forward pass from ",
             adapter.metadata.contains("dnd.prompts_used") ? "unlabelled prompts"
                                                           : "a condition tensor",
             " by `dnd` (Drag-and-Drop LLMs, arXiv 2506.16406). No training on the task took "
             "place; judge it on your own data before use.\n\n");
}

std::string how_to_load(const LoraAdapter& adapter, const Uniform& uniform) {
  if (!adapter.component.empty()) return "";  // PeftModel is for language models
  std::string base = adapter.base_model.empty() ? "BASE" : printable(adapter.base_model);
  std::string text;
  if (is_of_tiny_base(adapter)) {
    base = kTinyBaseFolder;
    text = cat("The adapter fits the tiny language model that comes with `dnd` and no other: `",
               base, "` of its sources.\n\n");
  }
  text += cat("```python\nfrom peft import PeftModel\n",
              "from transformers import AutoModelForCausalLM\n\n",
              "model = AutoModelForCausalLM.from_pretrained(\"", base, "\")\n",
              "model = PeftModel.from_pretrained(model, \"THIS FOLDER\")\n```\n\n");
  if (uniform.rank > kVllmDefaultRank) {
    text += cat("vLLM needs `--max-lora-rank ", uniform.rank, "` or more.\n\n");
  }
  return text;
}

std::int64_t parameter_count(const LoraAdapter& adapter, const Uniform& uniform) {
  std::int64_t count = 0;
  for (const LoraPair& pair : adapter.pairs) count += uniform.rank * (pair.in + pair.out);
  return count;
}

}  // namespace

std::string adapter_card(const LoraAdapter& adapter, const Uniform& uniform, Dtype dtype) {
  std::string text = front_matter(adapter) + origin(adapter) + how_to_load(adapter, uniform);
  text += cat("| | |\n|---|---|\n| rank | ", uniform.rank, " |\n| alpha | ", whole_alpha(uniform),
              " |\n| element type | ", dtype_name(dtype), " |\n| parameters | ",
              parameter_count(adapter, uniform), " |\n");
  for (const auto& [key, value] : adapter.metadata) {
    if (key.starts_with("dnd.")) text += cat("| ", key, " | ", printable(value), " |\n");
  }
  return text;
}

}  // namespace dnd::adapter
