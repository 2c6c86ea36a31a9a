// TGI at commit 45d95bd (server/text_generation_server: adapters/lora.py, utils/adapter.py) and LoRAX at
// 1e223be (server/lorax_server/adapters/lora.py).
#include <algorithm>
#include <array>

#include "adapter/peft.h"
#include "base/strings.h"
#include "target/block_path.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

constexpr std::array<std::string_view, 7> kSplit = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};

// Both look each layer's matrices up by one name, whatever the class: towers and their language models, too,
// have "model.layers". LoRAX alone knows layers that hold several (qkv_proj).
bool has_its_name(const adapter::LoraPair& pair) {
  const std::string_view key = pair.key.empty() ? std::string_view(pair.module) : pair.key;
  const std::string_view prefix = pair.key.empty() ? std::string_view() : adapter::kPeftKeyPrefix;
  if (!key.starts_with(prefix)) return false;
  const std::string_view name = key.substr(prefix.size());
  if (name == "lm_head") return true;
  const auto path = target::parse_block_path(name);
  return path && path->prefix == "model.layers.{i}" &&
         std::find(kSplit.begin(), kSplit.end(), path->name) != kSplit.end();
}

}  // namespace

RuntimeVerdict judge_tgi(const adapter::LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "TGI, LoRAX";
  if (adapter.format != adapter::AdapterFormat::peft) {
    return refuses(kName, "needs dnd convert --to peft");
  }
  if (facts.dora) return refuses(kName, "DoRA is not read there (dnd merge works)");
  const auto named = static_cast<std::size_t>(
      std::count_if(adapter.pairs.begin(), adapter.pairs.end(), has_its_name));
  if (!facts.known || !facts.named.empty() || named == 0) {
    return ignores(kName, "'model.layers.N.self_attn.q_proj' and its like are looked for alone");
  }
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
