// peft 0.21.2 with transformers 5.23, and 0.17.1 with 4.57.6.
#include "base/strings.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

using adapter::PeftFate;
using adapter::PeftOutcome;

constexpr const char* kPeft = "PEFT, transformers";

std::string why_lost(const Facts& facts, bool older) {
  if (!facts.bare.empty()) return "names without 'base_model.model.' are passed over";
  if (older && !facts.named.empty()) return "names with an adapter's name in them are passed over";
  return "module names that the base's class lacks are passed over";
}

// `others`: how many tensors there are beside the matrices.
RuntimeVerdict judge_outcome(const PeftOutcome& outcome, std::size_t others, const Facts& facts,
                             bool older) {
  if (!outcome.refusal.empty()) return refuses(kPeft, outcome.refusal);
  if (facts.scaled_away && others == 0) return ignores(kPeft, "every scale is 0 (lora_alpha)");
  const bool lost = outcome.count(PeftFate::lost) > 0 || outcome.others < others;
  return acts_in_part(kPeft, outcome.count(PeftFate::acts) + outcome.others,
                      outcome.pairs.size() + others,
                      lost ? why_lost(facts, older) : "target_modules and its kin leave them out");
}

}  // namespace

RuntimeVerdict judge_peft(const adapter::LoraAdapter& adapter, const Facts& facts) {
  if (adapter.format != adapter::AdapterFormat::peft) {
    return refuses(kPeft, "needs dnd convert --to peft");
  }
  if (facts.peft) {
    const std::size_t others = adapter.others.size();
    RuntimeVerdict verdict = judge_outcome(*facts.peft, others, facts, false);
    const RuntimeVerdict older = judge_outcome(*facts.older_peft, others, facts, true);
    verdict.releases = {of_release("PEFT 0.21, transformers 5", verdict),
                        of_release("PEFT 0.17, transformers 4.57", older)};
    return verdict;
  }
  if (!facts.bare.empty()) {
    return ignores(kPeft, cat("'", printable(facts.bare), "' lacks 'base_model.model.'"));
  }
  if (!facts.known) return ignores(kPeft, "module names that the base lacks are dropped");
  if (!facts.fits) return refuses(kPeft, "shapes do not fit the base (size mismatch)");
  return loads(kPeft);
}

}  // namespace dnd::verify
