#include "target/class_names.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/strings.h"

namespace dnd::target {
namespace {

// A beginning of a name and what stands in its place; the first that fits counts.
struct Turn {
  std::string_view from;
  std::string_view to;
};

constexpr std::array<Turn, 4> kQwenVision = {{
    {"visual.", "model.visual."},
    {"model.visual.", "model.visual."},
    {"model.language_model.", "model.language_model."},
    {"model.", "model.language_model."},
}};
constexpr std::array<Turn, 8> kLlava = {{
    {"language_model.lm_head", "lm_head"},
    {"language_model.model.", "model.language_model."},
    {"language_model.", "model.language_model."},
    {"model.language_model.model.", "model.language_model."},
    {"vision_tower.vision_model.", "model.vision_tower."},
    {"vision_tower.", "model.vision_tower."},
    {"model.vision_tower.vision_model.", "model.vision_tower."},
    {"multi_modal_projector.", "model.multi_modal_projector."},
}};
constexpr std::array<Turn, 4> kOlderLlava = {{
    {"language_model.lm_head", "lm_head"},
    {"language_model.model", "model.language_model"},
    {"vision_tower", "model.vision_tower"},
    {"multi_modal_projector", "model.multi_modal_projector"},
}};
constexpr std::array<Turn, 1> kGptNeoX = {{{"embed_out", "lm_head"}}};

struct ClassRule {
  std::string_view architecture;
  std::span<const Turn> turns;
  std::span<const Turn> older_turns = {};  // of transformers 4.57
  AdapterNames adapters = AdapterNames::as_stored;
  FusedExperts experts = {};
};

constexpr FusedExperts kMixtral = {"w1", "w3", "w2"};
constexpr FusedExperts kQwenExperts = {"gate_proj", "up_proj", "down_proj"};
constexpr FusedExperts kUnturned = {"gate_proj", "up_proj", "down_proj", false};

constexpr std::array<ClassRule, 15> kClasses = {{
    {"Qwen2VLForConditionalGeneration", kQwenVision, kQwenVision},
    {"Qwen2_5_VLForConditionalGeneration", kQwenVision, kQwenVision},
    {"LlavaForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"AriaForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"PaliGemmaForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"AyaVisionForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"GotOcr2ForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"Gemma3ForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"InternVLForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"VipLlavaForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"Mistral3ForConditionalGeneration", kLlava, kOlderLlava, AdapterNames::converted},
    {"MixtralForCausalLM", {}, {}, AdapterNames::converted, kMixtral},
    {"Qwen2MoeForCausalLM", {}, {}, AdapterNames::converted, kUnturned},
    {"Qwen3MoeForCausalLM", {}, {}, AdapterNames::converted, kQwenExperts},
    {"GPTNeoXForCausalLM", kGptNeoX},
}};

// Heads of families that are not called "lm_head"; the first that the class's name begins with.
constexpr std::array<Turn, 6> kHeads = {{
    {"BertForMaskedLM", "cls.predictions.decoder"},
    {"BertLMHead", "cls.predictions.decoder"},
    {"RobertaFor", "lm_head.decoder"},
    {"XLMRobertaFor", "lm_head.decoder"},
    {"DistilBertForMaskedLM", "vocab_projector"},
    {"ElectraForMaskedLM", "generator_lm_head"},
}};

// base_model_prefix of families whose is not "model"; the first that the class's name begins with.
constexpr std::array<Turn, 14> kModelPrefixes = {{
    {"GPT2", "transformer"},
    {"GPTBigCode", "transformer"},
    {"GPTNeoX", "gpt_neox"},
    {"GPTNeo", "transformer"},
    {"GPTJ", "transformer"},
    {"CodeGen", "transformer"},
    {"Bloom", "transformer"},
    {"Falcon", "transformer"},
    {"Bert", "bert"},
    {"XLMRoberta", "roberta"},
    {"Roberta", "roberta"},
    {"DistilBert", "distilbert"},
    {"Electra", "electra"},
    {"MPNet", "mpnet"},
}};

const ClassRule* rule_of(std::string_view architecture) {
  const auto* found = std::find_if(kClasses.begin(), kClasses.end(), [&](const ClassRule& rule) {
    return rule.architecture == architecture;
  });
  return found == kClasses.end() ? nullptr : found;
}

std::string_view prefix_of(std::string_view architecture) {
  for (const auto& [family, prefix] : kModelPrefixes) {
    if (architecture.starts_with(family)) return prefix;
  }
  return "model";
}

bool below(std::string_view path, std::string_view prefix) {
  return path.size() > prefix.size() && path.starts_with(prefix) && path[prefix.size()] == '.';
}

std::span<const Turn> turns_of(const ClassRule& rule, Transformers release) {
  return release == Transformers::v5 ? rule.turns : rule.older_turns;
}

// A whole model's blocks lie below its prefix; a checkpoint of the part alone does not say it.
bool lacks_prefix(const BaseModel& base, Transformers release) {
  if (base.architecture.find("For") == std::string::npos &&
      !base.architecture.ends_with("LMHeadModel")) {
    return false;
  }
  const ClassRule* rule = rule_of(base.architecture);
  if (base.linears.empty() || (rule != nullptr && !turns_of(*rule, release).empty())) {
    return false;
  }
  const std::string_view prefix = prefix_of(base.architecture);
  return std::none_of(base.linears.begin(), base.linears.end(),
                      [&](const Linear& linear) { return below(linear.path, prefix); });
}

// block_sparse_moe is what checkpoints of Mixtral call the part that the class calls mlp.
std::string with_mlp(std::string path) {
  constexpr std::string_view kStored = ".block_sparse_moe.";
  if (const auto at = path.find(kStored); at != path.npos) {
    path.replace(at, kStored.size(), ".mlp.");
  }
  return path;
}

}  // namespace

bool is_bare_class(std::string_view architecture) {
  return architecture.ends_with("Model") && !architecture.ends_with("LMHeadModel");
}

std::string class_path(std::string_view architecture, std::string_view path, Transformers release) {
  if (is_bare_class(architecture)) {
    const std::string_view prefix = prefix_of(architecture);
    return std::string(below(path, prefix) ? path.substr(prefix.size() + 1) : path);
  }
  const ClassRule* rule = rule_of(architecture);
  if (rule == nullptr) return std::string(path);
  for (const auto& [from, to] : turns_of(*rule, release)) {
    if (path.starts_with(from)) return cat(to, path.substr(from.size()));
  }
  const bool fused = !fused_experts(architecture, release).gate.empty();
  return fused ? with_mlp(std::string(path)) : std::string(path);
}

ClassPaths::ClassPaths(const BaseModel& base, Transformers release)
    : architecture_(base.architecture), release_(release) {
  if (lacks_prefix(base, release)) prefix_ = cat(prefix_of(base.architecture), ".");
}

std::string ClassPaths::of(std::string_view path) const {
  return prefix_ + class_path(architecture_, path, release_);
}

std::string head_path(std::string_view architecture) {
  const bool other_task = architecture.ends_with("ForSequenceClassification") ||
                          architecture.ends_with("ForTokenClassification") ||
                          architecture.ends_with("ForQuestionAnswering");
  if (is_bare_class(architecture) || other_task) return "";
  for (const auto& [family, head] : kHeads) {
    if (architecture.starts_with(family)) return std::string(head);
  }
  return "lm_head";
}

std::vector<ClassModule> class_modules(const BaseModel& base, Transformers release) {
  const ClassPaths paths(base, release);
  std::vector<ClassModule> modules;
  for (const auto* list : {&base.linears, &base.experts}) {
    for (const Linear& linear : *list) {
      modules.push_back({paths.of(linear.path), &linear, false});
    }
  }
  if (base.head && !head_path(base.architecture).empty()) {
    modules.push_back({class_path(base.architecture, base.head->path, release), &*base.head, true});
  }
  return modules;
}

// mlx-lm 0.32 has language models of these classes alone, below "language_model".
std::string mlx_path(std::string_view architecture, std::string_view path) {
  constexpr std::string_view kText = "model.language_model.";
  const ClassRule* rule = rule_of(architecture);
  if (rule == nullptr || rule->older_turns.empty()) return std::string(path);
  const std::string turned = class_path(architecture, path);
  if (turned == "lm_head") return "language_model.lm_head";
  if (!turned.starts_with(kText)) return std::string(path);
  return cat("language_model.model.", turned.substr(kText.size()));
}

AdapterNames adapter_names(std::string_view architecture, Transformers release) {
  const ClassRule* rule = rule_of(architecture);
  if (rule == nullptr) return AdapterNames::as_stored;
  if (release == Transformers::v5) return rule->adapters;
  return rule->older_turns.empty() ? AdapterNames::as_stored : AdapterNames::converted_below;
}

FusedExperts fused_experts(std::string_view architecture, Transformers release) {
  const ClassRule* rule = rule_of(architecture);
  return rule == nullptr || release != Transformers::v5 ? FusedExperts{} : rule->experts;
}

}  // namespace dnd::target
