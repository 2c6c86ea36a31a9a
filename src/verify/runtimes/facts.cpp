#include "verify/runtimes/facts.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace dnd::verify {

using adapter::LoraPair;

namespace {

// Whether the base has the module, and in this shape.
void hold_against(const LoraPair& pair, const target::BaseModel& base, Facts& facts) {
  const target::Linear* linear = target::find_linear(base, pair.module);
  if (linear == nullptr) {
    facts.known = is_head(pair.module) && facts.known;
  } else {
    facts.fits = facts.fits && linear->in == pair.in && linear->out == pair.out;
  }
}

}  // namespace

Facts collect_facts(const adapter::LoraAdapter& adapter, const Against& against) {
  Facts facts;
  facts.dora = adapter.has_dora();
  facts.scaled_away = !adapter.pairs.empty();
  for (const LoraPair& pair : adapter.pairs) {
    const LoraPair& first = adapter.pairs.front();
    facts.rank = std::max(facts.rank, pair.rank);
    facts.scaled_away &= pair.scale == 0.0;
    facts.mixed_ranks |= pair.rank != first.rank;
    facts.mixed_scales |= std::abs(pair.scale - first.scale) > 1e-6 * std::abs(first.scale);
    if (facts.named.empty() && !pair.adapter_name.empty()) facts.named = pair.key;
    const bool bare = adapter.peft && !adapter::has_peft_prefix(pair);
    if (facts.bare.empty() && bare) facts.bare = pair.key;
    if (against.base != nullptr) hold_against(pair, *against.base, facts);
  }
  if (against.base == nullptr) return facts;
  facts.uneven = !coverage_of(adapter, *against.base).missing.empty();
  if (adapter.peft) {
    facts.peft = adapter::peft_outcome(adapter, *against.base);
    facts.older_peft = adapter::peft_outcome(adapter, *against.base, adapter::PeftRelease::v0_17);
  }
  return facts;
}

RuntimeVerdict refuses(const char* runtime, std::string why) {
  return {runtime, Verdict::refuses, std::move(why), {}};
}
RuntimeVerdict ignores(const char* runtime, std::string why) {
  return {runtime, Verdict::ignores, std::move(why), {}};
}
RuntimeVerdict loads(const char* runtime, std::string why) {
  return {runtime, Verdict::loads, std::move(why), {}};
}

RuntimeVerdict acts_in_part(const char* runtime, std::size_t acting, std::size_t count,
                            const std::string& why) {
  if (acting == count) return loads(runtime);
  if (acting == 0) return ignores(runtime, why);
  return {runtime,
          Verdict::partly,
          cat(count - acting, " of ", count, " modules do nothing: ", why),
          {}};
}

ReleaseVerdict of_release(const char* release, const RuntimeVerdict& verdict) {
  return {release, verdict.verdict, verdict.why};
}

}  // namespace dnd::verify
