#include "adapter/diffusion_names.h"

#include <algorithm>
#include <array>
#include <string>

#include "adapter/kohya.h"

namespace dnd::adapter {
namespace {

// Beginnings of flat names. FLUX, HunyuanVideo, Stable Diffusion 3, Stable Diffusion.
constexpr std::array<std::string_view, 6> kOriginalBeginnings = {
    "double_blocks_", "single_blocks_", "joint_blocks_",
    "input_blocks_",  "middle_block_",  "output_blocks_"};
constexpr std::array<std::string_view, 4> kDiffusersBeginnings = {
    "single_transformer_blocks_", "down_blocks_", "mid_block_", "up_blocks_"};
constexpr std::array<std::string_view, 6> kUnetBeginnings = {
    "input_blocks_", "middle_block_", "output_blocks_", "down_blocks_", "mid_block_", "up_blocks_"};

template <typename List>
bool begins_with_one(std::string_view name, const List& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view each) { return name.starts_with(each); });
}

// "self_attn_q" of "blocks_12_self_attn_q", Wan's form; else empty.
std::string_view within_block(std::string_view name) {
  constexpr std::string_view kBlocks = "blocks_";
  if (!name.starts_with(kBlocks)) return "";
  const std::size_t end = name.find_first_not_of("0123456789", kBlocks.size());
  return end == name.npos || name[end] != '_' ? "" : name.substr(end + 1);
}

DiffusionNames names_of(std::string_view name) {
  const std::string_view wan = within_block(name);
  if (begins_with_one(name, kOriginalBeginnings) || wan.starts_with("self_attn_") ||
      wan.starts_with("cross_attn_")) {
    return DiffusionNames::original;
  }
  if (begins_with_one(name, kDiffusersBeginnings) || wan.starts_with("attn1_") ||
      wan.starts_with("attn2_")) {
    return DiffusionNames::diffusers;
  }
  return DiffusionNames::unknown;
}

}  // namespace

DiffusionNames diffusion_names(const LoraAdapter& adapter) {
  for (const LoraPair& pair : adapter.pairs) {
    const DiffusionNames names = names_of(flat_name(pair.module));
    if (names != DiffusionNames::unknown) return names;
  }
  return DiffusionNames::unknown;
}

std::string_view denoiser_component(const LoraAdapter& adapter) {
  const bool unet =
      std::any_of(adapter.pairs.begin(), adapter.pairs.end(), [](const LoraPair& pair) {
        return begins_with_one(flat_name(pair.module), kUnetBeginnings);
      });
  return unet ? "unet" : "transformer";
}

}  // namespace dnd::adapter
