#include "adapter/select_targets.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace dnd::adapter {
namespace {

target::BaseModel model() {
  target::BaseModel base;
  base.source = "test";
  for (const char* path :
       {"model.layers.0.self_attn.q_proj", "model.layers.0.mlp.gate", "model.layers.0.norm1.linear",
        "model.layers.1.self_attn.q_proj", "model.layers.1.mlp.gate", "model.layers.1.norm1.linear",
        "visual.blocks.0.q_proj", "visual.blocks.1.q_proj", "visual.merger.mlp.0", "x_embedder"}) {
    base.linears.push_back({path, 8, 4});
  }
  for (const char* path :
       {"model.layers.0.mlp.experts.0.up_proj", "model.layers.0.mlp.experts.1.up_proj"}) {
    base.experts.push_back({path, 8, 4});
  }
  return base;
}

std::vector<std::string> chosen(const TargetOptions& options) {
  std::vector<std::string> paths;
  for (const auto& linear : select_targets(model(), options).chosen) paths.push_back(linear.path);
  return paths;
}

TEST(SelectTargets, TakesTheBlocksOfTheLanguagePart) {
  const SelectedTargets selected = select_targets(model(), {});
  ASSERT_EQ(selected.chosen.size(), 2U);
  EXPECT_EQ(selected.chosen[1].path, "model.layers.1.self_attn.q_proj");
  std::vector<std::string> skipped;
  for (const SkippedLinears& each : selected.skipped) {
    skipped.push_back(each.reason + " " + std::to_string(each.count) + " " + each.modules.front());
    EXPECT_EQ(each.modules.size(), each.reason == "experts" || each.count == 3 ? 2U : 1U);
  }
  EXPECT_EQ(skipped,
            (std::vector<std::string>{"router 2 model.layers.{i}.mlp.gate",
                                      "modulation 2 model.layers.{i}.norm1.linear",
                                      "vision or audio tower 3 visual.blocks.{i}.q_proj",
                                      "outside of repeated blocks 1 x_embedder",
                                      "experts 2 model.layers.{i}.mlp.experts.0.up_proj"}));
}

TEST(SelectTargets, TakesTheTowerWhereThereIsNothingElse) {
  target::BaseModel base;
  for (const char* path : {"visual.blocks.0.a", "visual.blocks.1.a"}) {
    base.linears.push_back({path, 8, 4});
  }
  EXPECT_EQ(select_targets(base, {}).chosen.size(), 2U);
}

TEST(SelectTargets, TakesNamesAndPatterns) {
  EXPECT_EQ(chosen({.targets = {"q_proj"}}).size(), 4U);  // the vision tower's too, as in PEFT
  EXPECT_EQ(chosen({.targets = {"self_attn.q_proj", "x_embedder"}}).size(), 3U);
  EXPECT_EQ(chosen({.targets = {"model.*q_proj"}}).size(), 2U);
  EXPECT_EQ(chosen({.targets = {"all-linear"}}).size(), 10U);
  EXPECT_EQ(chosen({.experts = true}),
            (std::vector<std::string>{
                "model.layers.0.self_attn.q_proj", "model.layers.0.mlp.experts.0.up_proj",
                "model.layers.0.mlp.experts.1.up_proj", "model.layers.1.self_attn.q_proj"}));
  EXPECT_EQ(chosen({.targets = {"up_proj"}, .experts = true}).size(), 2U);
  EXPECT_EQ(select_targets(model(), {.targets = {"q_proj"}}).skipped[0].reason, "not a target");
}

TEST(SelectTargets, NamesWhatMatchesNothing) {
  EXPECT_DND_ERROR(chosen({.targets = {"q_prj"}}), ErrorKind::usage,
                   "target 'q_prj' matches no linear layer of test (there is 'q_proj')");
  EXPECT_DND_ERROR(chosen({.targets = {"q_proj", "up_proj"}}), ErrorKind::usage,
                   "target 'up_proj' matches no linear layer of test but experts, which are left "
                   "out (--experts takes them in)");
  EXPECT_DND_ERROR(chosen({.targets = {""}}), ErrorKind::usage, "target ''");
  target::BaseModel flat;
  flat.linears.push_back({"head", 8, 4});
  EXPECT_DND_ERROR(select_targets(flat, {}), ErrorKind::data, "no linear layer in repeated blocks");
}

TEST(MatchesTarget, KnowsSuffixesAndGlobs) {
  const std::string path = "model.layers.12.mlp.up_proj";
  for (const char* pattern :
       {"up_proj", "mlp.up_proj", "model.layers.12.mlp.up_proj", "*", "*.up_proj", "model.*.mlp.*",
        "model.layers.1?.mlp.up_proj", "*mlp*", "**proj", "all-linear"}) {
    EXPECT_TRUE(matches_target(pattern, path)) << pattern;
  }
  for (const char* pattern : {"", "proj", "p.up_proj", "up_proj*x", "layers.*", "?", "*.layers.?.*",
                              "model.layers.12.mlp.up_proj?", "UP_PROJ"}) {
    EXPECT_FALSE(matches_target(pattern, path)) << pattern;
  }
}

}  // namespace
}  // namespace dnd::adapter
