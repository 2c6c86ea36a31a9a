#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/strings.h"
#include "target/block_path.h"

namespace dnd::target {
namespace {

// The order of the released weight tokens (q, k, v, o, up, gate, down) with the fused and the vision
// towers' names at the matching places.
constexpr std::array<std::string_view, 17> kReleasedOrder = {"self_attn.q_proj",
                                                             "self_attn.k_proj",
                                                             "self_attn.v_proj",
                                                             "self_attn.qkv_proj",
                                                             "attn.qkv",
                                                             "self_attn.o_proj",
                                                             "attn.proj",
                                                             "self_attn.out_proj",
                                                             "mlp.up_proj",
                                                             "self_attn.projection_layer",
                                                             "mlp.gate_proj",
                                                             "mlp.gate_up_proj",
                                                             "mlp.fc1",
                                                             "mlp.down_proj",
                                                             "mlp.fc2",
                                                             "mlp.gate",
                                                             "block_sparse_moe.gate"};

enum Kind { kBlock, kSingleBlock, kTower, kOutside };

// Kind, first appearance of its prefix, block, expert, released place, first appearance of the name.
using Place = std::tuple<Kind, std::size_t, std::int64_t, std::int64_t, std::size_t, std::size_t>;

// Counts names in the order in which they first come.
class Appearance {
 public:
  std::size_t of(const std::string& name) {
    return seen_.emplace(name, seen_.size()).first->second;
  }

 private:
  std::map<std::string, std::size_t> seen_;
};

// "mlp.experts.7.up_proj" -> "mlp.experts.*.up_proj", so that all experts share an order.
std::string without_expert(const std::string& name, std::optional<std::int64_t> expert) {
  if (!expert) return name;
  const std::string part = cat("experts.", *expert, ".");
  const std::size_t at = name.find(part);
  if (at == std::string::npos) return name;
  return cat(name.substr(0, at), "experts.*.", name.substr(at + part.size()));
}

class Places {
 public:
  explicit Places(const std::vector<Linear>& linears)
      : repeated_(repeated_blocks(linears)), side_tower_(has_side_tower(linears)) {}

  Place of(const Linear& linear) {
    const auto block = parse_block_path(linear.path);
    const bool tower = side_tower_ && is_tower(linear.path);
    if (!block || repeated_.count(block->prefix) == 0) {
      return {tower ? kTower : kOutside, SIZE_MAX, 0, 0, 0, prefixes_.of(linear.path)};
    }
    const bool single = ("." + block->prefix).find(".single_") != std::string::npos;
    const auto expert = expert_number(linear.path);
    const std::string name = without_expert(block->name, expert);
    const auto* released = std::find(kReleasedOrder.begin(), kReleasedOrder.end(), name);
    return {tower ? kTower : (single ? kSingleBlock : kBlock),
            prefixes_.of(block->prefix),
            block->index,
            expert.value_or(-1),
            static_cast<std::size_t>(released - kReleasedOrder.begin()),
            names_.of(cat(block->prefix, ".", name))};
  }

 private:
  std::set<std::string> repeated_;
  bool side_tower_;
  Appearance prefixes_;
  Appearance names_;
};

}  // namespace

void sort_in_model_order(std::vector<Linear>& linears) {
  Places places(linears);
  std::vector<std::pair<Place, Linear>> placed;
  placed.reserve(linears.size());
  for (Linear& linear : linears) {
    Place place = places.of(linear);
    placed.emplace_back(place, std::move(linear));
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(placed.begin(), placed.end(), linears.begin(),
                 [](auto& each) { return std::move(each.second); });
}

}  // namespace dnd::target
