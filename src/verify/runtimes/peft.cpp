// peft 0.21.2 with transformers 5.23; what 0.17 with 4.57 does otherwise is said where it matters.
#include "base/strings.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

using adapter::PeftFate;

constexpr const char* kPeft = "PEFT, transformers";

RuntimeVerdict judge_outcome(const adapter::LoraAdapter& adapter, const Facts& facts) {
  const adapter::PeftOutcome& outcome = *facts.peft;
  if (!outcome.refusal.empty()) return refuses(kPeft, outcome.refusal);
  const std::size_t lost = outcome.count(PeftFate::lost);
  const std::size_t acting = outcome.count(PeftFate::acts);
  std::string why;
  if (lost > 0) {
    why = facts.bare.empty() ? "module names that the base's class lacks are passed over"
                             : "names without 'base_model.model.' are passed over";
    if (outcome.older_loads) why += " (peft 0.17 with transformers 4.57 loads them)";
  } else {
    why = "target_modules and its kin leave them out";
  }
  RuntimeVerdict verdict = acts_in_part(kPeft, acting, adapter.pairs.size(), why);
  if (verdict.verdict == Verdict::loads && !outcome.older_loads) {
    verdict.why = facts.named.empty()
                      ? "peft 0.17 with transformers 4.57 passes over some names"
                      : "peft 0.17 passes over names with an adapter's name in them";
  }
  return verdict;
}

}  // namespace

RuntimeVerdict judge_peft(const adapter::LoraAdapter& adapter, const Facts& facts) {
  if (adapter.format != adapter::AdapterFormat::peft) {
    return refuses(kPeft, "needs dnd convert --to peft");
  }
  if (facts.peft) return judge_outcome(adapter, facts);
  if (!facts.bare.empty()) {
    return ignores(kPeft, cat("'", printable(facts.bare), "' lacks 'base_model.model.'"));
  }
  if (!facts.known) return ignores(kPeft, "module names that the base lacks are dropped");
  if (!facts.fits) return refuses(kPeft, "shapes do not fit the base (size mismatch)");
  return loads(kPeft);
}

}  // namespace dnd::verify
