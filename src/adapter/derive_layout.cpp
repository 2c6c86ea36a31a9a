#include "adapter/derive_layout.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "base/strings.h"
#include "target/block_path.h"

namespace dnd::adapter {
namespace {

using target::Linear;

constexpr std::int64_t kMinWidth = 64;
constexpr std::int64_t kUsualWidth = 512;
constexpr std::int64_t kMaxWidth = 1LL << 20U;
constexpr std::int64_t kWidthStep = 8;
constexpr std::string_view kPlaceholder = "{i}";

std::int64_t chunk_count(std::int64_t size, std::int64_t width) {
  return (size + width - 1) / width;
}

std::int64_t chunk_count(const std::vector<std::int64_t>& sizes, std::int64_t width) {
  std::int64_t count = 0;
  for (const std::int64_t size : sizes) count += chunk_count(size, width);
  return count;
}

// The largest divisor of `width` up to kWideChunk; `width` itself if that would be below kMinWidth.
std::int64_t not_too_wide(std::int64_t width) {
  for (std::int64_t parts = (width + kWideChunk - 1) / kWideChunk; parts <= width / kMinWidth;
       ++parts) {
    if (width % parts == 0) return width / parts;
  }
  return width;
}

// The widest width of kMinWidth..widest with the fewest padding cells; nullopt where all leave too
// many tokens.
std::optional<std::int64_t> best_width(const std::vector<std::int64_t>& sizes,
                                       std::int64_t widest) {
  const std::int64_t total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  std::optional<std::int64_t> best;
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t width = widest; width >= kMinWidth; width -= kWidthStep) {
    const std::int64_t chunks = chunk_count(sizes, width);
    if (chunks > kManyTokens) break;  // narrower ones have more
    if (chunks * width - total < fewest) {
      fewest = chunks * width - total;
      best = width;
    }
  }
  return best;
}

// One block of the model: its prefix and index, and what it has.
struct Block {
  std::string prefix;
  std::int64_t index = 0;
  std::vector<ModuleLayout> modules;
};

bool same_modules(const Block& a, const Block& b) {
  return std::equal(a.modules.begin(), a.modules.end(), b.modules.begin(), b.modules.end(),
                    [](const ModuleLayout& x, const ModuleLayout& y) {
                      return x.name == y.name && x.in == y.in && x.out == y.out;
                    });
}

// Consecutive layers of one block together; layers outside of blocks under an empty prefix.
std::vector<Block> gather_blocks(const std::vector<Linear>& linears,
                                 const std::set<std::string>& repeated) {
  std::vector<Block> blocks;
  for (const Linear& linear : linears) {
    auto path = target::parse_block_path(linear.path);
    if (!path || repeated.count(path->prefix) == 0) {
      path = target::BlockPath{"", 0, linear.path};
    }
    if (blocks.empty() || blocks.back().prefix != path->prefix ||
        blocks.back().index != path->index) {
      blocks.push_back({path->prefix, path->index, {}});
    }
    blocks.back().modules.push_back({path->name, linear.in, linear.out, 0, 0});
  }
  return blocks;
}

// A layout's blocks count from 0: block 0 keeps its {i}, any other one is written out.
std::string layout_prefix(const Block& block) {
  std::string prefix = block.prefix;
  const std::size_t place = prefix.find(kPlaceholder);
  if (block.index != 0 && place != std::string::npos) {
    prefix.replace(place, kPlaceholder.size(), std::to_string(block.index));
  }
  return prefix;
}

// Equal blocks 0, 1, 2, ... as one, others alone.
std::vector<BlockLayout> merge_blocks(const std::vector<Block>& blocks) {
  std::vector<BlockLayout> merged;
  for (std::size_t i = 0; i < blocks.size();) {
    const Block& first = blocks[i];
    std::size_t end = i + 1;
    while (first.index == 0 && end < blocks.size() && blocks[end].prefix == first.prefix &&
           blocks[end].index == static_cast<std::int64_t>(end - i) &&
           same_modules(blocks[end], first)) {
      ++end;
    }
    merged.push_back({layout_prefix(first), static_cast<std::int64_t>(end - i), first.modules});
    i = end;
  }
  return merged;
}

void cut_into_chunks(AdapterLayout& layout, const std::vector<Linear>& linears,
                     std::optional<std::int64_t> chunk_width) {
  std::vector<std::int64_t> sizes;
  for (const Linear& linear : linears) sizes.insert(sizes.end(), {linear.in, linear.out});
  const std::int64_t width = chunk_width ? *chunk_width : choose_chunk_width(sizes);
  for (BlockLayout& block : layout.blocks) {
    for (ModuleLayout& module : block.modules) {
      module.chunks_a = chunk_count(module.in, width);
      module.chunks_b = chunk_count(module.out, width);
    }
  }
  layout.token_rows = layout.rank + kScaleCells;
  layout.token_columns = width + width % 2 + kScaleCells;
}

void check_options(const DeriveOptions& options) {
  const std::int64_t width = options.chunk_width.value_or(1);
  if (options.rank >= 1 && width >= 1 && width <= kMaxWidth) return;
  fail(ErrorKind::usage, "layout: rank ", options.rank, " and chunk width ", width,
       " must be positive, the width at most ", kMaxWidth);
}

void refuse_placeholders(const std::vector<Linear>& linears, const std::string& who) {
  for (const Linear& linear : linears) {
    if (linear.path.find(kPlaceholder) == std::string::npos) continue;
    fail(ErrorKind::data, who, ": module '", printable(linear.path), "' has {i} in its name");
  }
}

}  // namespace

std::int64_t choose_chunk_width(const std::vector<std::int64_t>& sizes) {
  std::int64_t divisor = 0;
  for (const std::int64_t size : sizes) divisor = std::gcd(divisor, size);
  const bool natural =
      divisor >= kMinWidth || divisor == *std::min_element(sizes.begin(), sizes.end());
  const std::int64_t width = not_too_wide(divisor);
  if (natural && chunk_count(sizes, width) <= kManyTokens) return width;
  for (std::int64_t widest = kUsualWidth; widest < kMaxWidth; widest *= 2) {
    if (const auto best = best_width(sizes, widest)) return *best;
  }
  return kMaxWidth;
}

std::string key_prefix_for(const target::BaseModel& base) {
  const std::string& name = base.architecture;
  if (name.ends_with("Transformer2DModel") || name.ends_with("Transformer3DModel")) {
    return "transformer.";
  }
  const bool original = std::any_of(base.linears.begin(), base.linears.end(), [](const auto& each) {
    return each.path.starts_with("double_blocks.0.") || each.path == "blocks.0.cross_attn.q";
  });
  return original ? "diffusion_model." : AdapterLayout{}.key_prefix;
}

AdapterLayout derive_layout(const target::BaseModel& base, const DeriveOptions& options) {
  check_options(options);
  const std::string who = "base model: " + base.source;
  const auto chosen = select_targets(base, options.targets).chosen;
  refuse_placeholders(chosen, who);
  AdapterLayout layout;
  layout.base_model = options.base_model.empty() ? base.name : options.base_model;
  layout.architecture = base.architecture;
  layout.rank = options.rank;
  layout.alpha = options.alpha.value_or(2 * options.rank);
  layout.key_prefix = options.key_prefix.value_or(key_prefix_for(base));
  layout.heads = base.heads;
  layout.blocks = merge_blocks(gather_blocks(chosen, target::repeated_blocks(base.linears)));
  cut_into_chunks(layout, chosen, options.chunk_width);
  return layout_from_json(layout_to_json(layout), who);
}

double padding_share(const AdapterLayout& layout) {
  const std::int64_t cells = layout.token_count() * (layout.token_rows - kScaleCells) *
                             (layout.token_columns - kScaleCells);
  return 1.0 - static_cast<double>(layout.parameter_count()) / static_cast<double>(cells);
}

}  // namespace dnd::adapter
