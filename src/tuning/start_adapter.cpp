#include "tuning/start_adapter.h"

#include <cmath>
#include <utility>

#include "adapter/derive_layout.h"
#include "adapter/files/read_lora.h"
#include "base/random.h"
#include "base/strings.h"

namespace dnd::tuning {
namespace {

void fill(adapter::LoraPair& pair, SplitMix64& random) {
  const float bound = 1.0F / std::sqrt(static_cast<float>(pair.in));
  pair.a.resize(static_cast<std::size_t>(pair.rank * pair.in));
  for (float& value : pair.a) value = bound * (2.0F * random.unit() - 1.0F);
  pair.b.assign(static_cast<std::size_t>(pair.out * pair.rank), 0.0F);
}

adapter::LoraAdapter given_adapter(const Request& request, const target::BaseModel& base) {
  adapter::LoraAdapter adapter = adapter::read_lora(request.from, adapter::hints_of(base));
  if (adapter.has_dora()) {
    fail(ErrorKind::data, "adapter: ", request.from.string(),
         ": DoRA, whose magnitudes are not learned here");
  }
  adapter.metadata.clear();
  return adapter;
}

}  // namespace

adapter::LoraAdapter start_adapter(const Request& request, const target::BaseModel& base) {
  if (!request.from.empty()) return given_adapter(request, base);
  adapter::DeriveOptions options;
  options.rank = request.rank;
  options.alpha = request.alpha;
  options.base_model = request.base_name;
  options.targets = request.targets;
  return new_adapter(adapter::lora_of_layout(adapter::derive_layout(base, options)),
                     request.rule.seed);
}

adapter::LoraAdapter new_adapter(adapter::LoraAdapter shape, std::uint64_t seed) {
  SplitMix64 random(seed);
  for (adapter::LoraPair& pair : shape.pairs) fill(pair, random);
  return shape;
}

}  // namespace dnd::tuning
