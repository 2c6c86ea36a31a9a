#include "target/block_path.h"

#include <gtest/gtest.h>

namespace dnd::target {
namespace {

TEST(ModuleKind, IsThePathInAnyBlock) {
  EXPECT_EQ(module_kind("model.layers.13.mlp.experts.7.up_proj"),
            "model.layers.{i}.mlp.experts.7.up_proj");
  for (const char* outside : {"lm_head", "merger.mlp.2", "a.-1.b", "a.99999999999999999999.b"}) {
    EXPECT_EQ(module_kind(outside), outside);
  }
}

TEST(BlockPath, IsCutAtTheFirstNumber) {
  const auto block = parse_block_path("a.layers.12.ff.net.0.proj");
  ASSERT_TRUE(block);
  EXPECT_EQ(block->prefix, "a.layers.{i}");
  EXPECT_EQ(block->index, 12);
  EXPECT_EQ(block->name, "ff.net.0.proj");
  for (const char* path : {"", "lm_head", "merger.mlp.2", "a.007.b", "a.-1.b", "3.b",
                           "a.99999999999999999999.b", "a.1x.b", "a.1."}) {
    EXPECT_FALSE(parse_block_path(path)) << path;
  }
}

TEST(BlockPath, BlocksRepeatOrAreCalledSo) {
  const auto repeated = [](std::vector<std::string> paths) {
    std::vector<Linear> linears;
    for (std::string& path : paths) linears.push_back({std::move(path), 1, 1});
    return repeated_blocks(linears);
  };
  EXPECT_TRUE(repeated({"image_embedder.ff.net.0.proj"}).empty());
  EXPECT_EQ(repeated({"x.net.0.proj", "x.net.1.proj"}), std::set<std::string>{"x.net.{i}"});
  for (const char* list : {"model.layers", "enc.block", "transformer.h", "noise_refiner"}) {
    EXPECT_EQ(repeated({std::string(list) + ".0.q"}).size(), 1U) << list;
  }
}

TEST(BlockPath, KnowsWhatServes) {
  EXPECT_TRUE(is_tower("visual.blocks.0.attn.qkv"));
  EXPECT_TRUE(is_tower("model.vision_tower.x"));
  EXPECT_TRUE(is_tower("audio_tower.layers.0.fc1"));
  EXPECT_FALSE(is_tower("model.layers.0.mlp.up_proj"));
  for (const char* path :
       {"double_blocks.0.img_mod.lin", "single_blocks.1.modulation.linear", "b.0.norm1.linear",
        "x.refiner_blocks.0.norm_out.linear", "adaLN_modulations.3.1", "b.0.adaLN_modulation.1"}) {
    EXPECT_TRUE(is_modulation(path)) << path;
  }
  for (const char* path : {"model.layers.0.q_proj", "double_blocks.0.action_model.proj",
                           "time_embedding.linear", "b.0.norm1.lin"}) {
    EXPECT_FALSE(is_modulation(path)) << path;
  }
  EXPECT_TRUE(is_router("model.layers.0.mlp.gate"));
  EXPECT_FALSE(is_router("model.layers.0.mlp.gate_proj"));
  EXPECT_EQ(expert_number("a.experts.12.w1"), 12);
  EXPECT_FALSE(expert_number("a.experts.w1"));
  EXPECT_FALSE(expert_number("a.shared_expert.0.w1"));
}

TEST(ModelOrder, CountsBlocksAndExpertsAsNumbers) {
  std::vector<Linear> linears;
  for (const char* path :
       {"tail", "visual.blocks.0.a", "m.single_blocks.0.a", "m.layers.10.experts.10.up",
        "m.layers.10.experts.10.down", "m.layers.10.experts.9.down", "m.layers.10.experts.9.up",
        "m.layers.9.experts.0.up", "m.layers.9.self_attn.k_proj", "m.layers.9.self_attn.q_proj"}) {
    linears.push_back({path, 1, 1});
  }
  sort_in_model_order(linears);
  std::vector<std::string> paths;
  for (const Linear& linear : linears) paths.push_back(linear.path);
  EXPECT_EQ(
      paths,
      (std::vector<std::string>{
          "m.layers.9.self_attn.q_proj", "m.layers.9.self_attn.k_proj", "m.layers.9.experts.0.up",
          "m.layers.10.experts.9.up", "m.layers.10.experts.9.down", "m.layers.10.experts.10.up",
          "m.layers.10.experts.10.down", "m.single_blocks.0.a", "visual.blocks.0.a", "tail"}));
}

}  // namespace
}  // namespace dnd::target
