#include "base/strings.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {

RuntimeVerdict judge_tgi(const adapter::LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "TGI, LoRAX";
  if (adapter.format != adapter::AdapterFormat::peft) {
    return refuses(kName, "needs dnd convert --to peft");
  }
  if (facts.dora) return refuses(kName, "DoRA is not read there (dnd merge works)");
  const bool exact = facts.bare.empty() && facts.named.empty() &&
                     (!facts.peft || facts.peft->count(adapter::PeftFate::lost) == 0);
  if (!facts.known || !exact) return ignores(kName, "names must be the base's exactly");
  if (!facts.fits) return refuses(kName, "shapes do not fit the base");
  if (facts.mixed_ranks || facts.mixed_scales) {
    return refuses(kName,
                   "one rank and one alpha for all layers (dnd convert --to peft evens out)");
  }
  if (facts.uneven) {
    return ignores(kName, "a kind of module that one layer lacks is dropped in all");
  }
  if (!adapter.others.empty()) {
    const std::size_t pairs = adapter.pairs.size();
    return acts_in_part(kName, pairs, pairs + adapter.others.size(),
                        "stored modules and biases are passed over");
  }
  return loads(kName);
}

}  // namespace dnd::verify
