// vLLM 0.33.0 (vllm/lora: lora_model.py, peft_helper.py, utils.py): names and patterns of the file decide,
// the configuration's choice of modules does not.
#include <algorithm>
#include <array>
#include <set>

#include "adapter/peft.h"
#include "base/strings.h"
#include "target/class_names.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

using adapter::LoraPair;

constexpr const char* kVllm = "vLLM";
// --max-lora-rank: its values and its default.
constexpr std::array kVllmRanks = {1, 8, 16, 32, 64, 128, 256, 320, 512};
constexpr std::int64_t kVllmDefaultRank = 16;

// How many stored names its model has. Its classes turn names as transformers does, "base_model.model."
// before them or not.
std::size_t count_known(const adapter::LoraAdapter& adapter, const target::BaseModel& base) {
  std::set<std::string> paths;
  for (const target::ClassModule& module : target::class_modules(base)) paths.insert(module.path);
  const auto knows = [&](const LoraPair& pair) {
    const std::string name = adapter::has_peft_prefix(pair)
                                 ? pair.key.substr(std::string_view(adapter::kPeftKeyPrefix).size())
                                 : pair.key;
    return paths.contains(target::class_path(base.architecture, name));
  };
  return static_cast<std::size_t>(std::count_if(adapter.pairs.begin(), adapter.pairs.end(), knows));
}

// Why the file is not taken whatever the base; empty where it is.
std::string why_not(const adapter::LoraAdapter& adapter, const Facts& facts) {
  if (facts.dora) return "DoRA is not implemented there (dnd merge works)";
  if (adapter.peft && adapter.peft->bias != "none") {
    return cat("bias is '", printable(adapter.peft->bias), "': adapter biases are not supported");
  }
  if (adapter.peft && !adapter.peft->saved.empty()) {
    return "modules_to_save is not supported (but for the head of a classifier)";
  }
  if (!adapter.others.empty()) {
    return cat("'", printable(adapter.others[0]), "' is no LoRA weight");
  }
  if (!facts.named.empty()) {
    return cat("'", printable(facts.named),
               "' has an adapter's name in its keys: unsupported LoRA ",
               "weight (dnd convert --to peft writes it without)");
  }
  if (facts.rank > kVllmRanks.back())
    return cat("rank ", facts.rank, " is above ", kVllmRanks.back());
  return "";
}

// LoRAResolver looks into a folder for what was not named when the server began, and takes an adapter whose
// base_model_name_or_path is the name that the model is served by.
std::string resolver_note(const adapter::LoraAdapter& adapter, const Against& against) {
  if (against.base == nullptr || !adapter.peft) return "";
  const target::BaseModel& base = *against.base;
  if (adapter.base_model.empty()) {
    return "named at the start; its resolver finds no adapter without base_model_name_or_path";
  }
  if (base.name.empty() || adapter.base_model == base.name || adapter.base_model == base.source) {
    return "";
  }
  return cat("named at the start; its resolver finds it where the model is served as '",
             printable(adapter.base_model), "' alone");
}

}  // namespace

RuntimeVerdict judge_vllm(const adapter::LoraAdapter& adapter, const Against& against,
                          const Facts& facts) {
  if (adapter.format != adapter::AdapterFormat::peft) {
    return refuses(kVllm, "needs dnd convert --to peft");
  }
  if (const std::string why = why_not(adapter, facts); !why.empty()) return refuses(kVllm, why);
  constexpr const char* kWrong = "a wrong prefix is passed over without a word";
  const bool judged = facts.peft && against.base != nullptr;
  const std::size_t count = adapter.pairs.size();
  const std::size_t known = judged ? count_known(adapter, *against.base) : count;
  if (!judged && !facts.known) return ignores(kVllm, kWrong);
  if (known == 0 && count > 0) return ignores(kVllm, kWrong);
  if (!facts.fits) return refuses(kVllm, "shapes do not fit the base");
  if (facts.rank > kVllmDefaultRank) {
    const auto* const needed = std::find_if(kVllmRanks.begin(), kVllmRanks.end(),
                                            [&](int rank) { return rank >= facts.rank; });
    return refuses(kVllm, cat("rank ", facts.rank, " needs --max-lora-rank ", *needed, " (default ",
                              kVllmDefaultRank, ")"));
  }
  RuntimeVerdict verdict = acts_in_part(kVllm, known, count, kWrong);
  if (verdict.verdict == Verdict::loads && (facts.mixed_ranks || facts.mixed_scales)) {
    verdict.why =
        "releases that do not read rank_pattern and alpha_pattern scale some modules wrongly";
  }
  if (verdict.verdict == Verdict::loads && verdict.why.empty()) {
    verdict.why = resolver_note(adapter, against);
  }
  return verdict;
}

}  // namespace dnd::verify
