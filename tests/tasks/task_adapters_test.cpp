#include "tasks/task_adapters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "adapter/peft.h"
#include "base/file.h"
#include "support/expect_error.h"
#include "support/lora.h"
#include "support/temp_dir.h"

namespace dnd::tasks {
namespace {

using adapter::AdapterLayout;
using adapter::LoraAdapter;
using testing::TempDir;
using testing::tiny_adapter;

// The layout that testing::tiny_base(2) has at rank 4: columns of 4.
AdapterLayout tiny_layout() {
  AdapterLayout layout;
  layout.rank = 4;
  layout.alpha = 8;
  layout.token_rows = 6;
  layout.token_columns = 6;
  layout.blocks = {
      {"model.layers.{i}", 2, {{"self_attn.q_proj", 8, 8, 2, 2}, {"mlp.down_proj", 12, 8, 3, 2}}}};
  return layout;
}

class TaskAdapters : public ::testing::Test {
 protected:
  // A PEFT folder that `spoil` has changed.
  std::filesystem::path write(const std::string& name, LoraAdapter adapter) {
    adapter::write_peft_folder(dir_ / name, adapter, {}, OnExisting::refuse);
    return dir_ / name;
  }

  TempDir dir_;
};

TEST_F(TaskAdapters, GivesTheMatricesInLayoutOrder) {
  const LoraAdapter written = tiny_adapter(2);
  const LoraAdapter read = read_task_adapter(tiny_layout(), write("a", written));
  ASSERT_EQ(read.pairs.size(), 4U);
  EXPECT_EQ(read.pairs[1].module, "model.layers.0.mlp.down_proj");
  EXPECT_EQ(read.pairs[1].key, "base_model.model.model.layers.0.mlp.down_proj");
  EXPECT_EQ(read.pairs[1].a, written.pairs[1].a);
  EXPECT_EQ(read.pairs[3].b, written.pairs[3].b);
  EXPECT_EQ(read.pairs[3].scale, 2.0);
}

TEST_F(TaskAdapters, ScalesMatricesAloneAsTheLayoutDoes) {
  const LoraAdapter written = tiny_adapter(2);
  std::filesystem::rename(write("a", written) / "adapter_model.safetensors",
                          dir_ / "7.safetensors");
  const LoraAdapter read = read_task_adapter(tiny_layout(), dir_ / "7.safetensors");
  EXPECT_EQ(flat_values(read), flat_values(written));
  EXPECT_EQ(read.pairs[3].scale, 2.0);
  Task task;
  task.adapters = {dir_ / "7.safetensors"};
  EXPECT_NO_THROW(check_task_adapters(tiny_layout(), {task}));
  AdapterLayout other = tiny_layout();
  other.rank = 2;
  EXPECT_DND_ERROR(check_task_adapters(other, {task}), ErrorKind::data, "rank 4, the layout has 2");
}

TEST_F(TaskAdapters, RefusesWhatTheConfigurationLeavesOut) {
  const std::filesystem::path folder = write("a", tiny_adapter(2));
  const std::string text = read_text_file(folder / adapter::kAdapterConfigName, 1U << 20U);
  std::string changed = text;
  changed.replace(changed.find("\"target_modules\""), 0, "\"layers_to_transform\": [1], ");
  std::filesystem::remove(folder / adapter::kAdapterConfigName);
  write_new_file(folder / adapter::kAdapterConfigName, changed);
  EXPECT_DND_ERROR(read_task_adapter(tiny_layout(), folder), ErrorKind::data,
                   "' is stored, but adapter_config.json leaves it out (target_modules");
}

TEST_F(TaskAdapters, TakesTheNamesOfTheClass) {
  AdapterLayout layout = tiny_layout();
  layout.architecture = "Qwen2_5_VLForConditionalGeneration";
  LoraAdapter written = tiny_adapter(2);
  for (adapter::LoraPair& pair : written.pairs) {
    pair.module.replace(0, 5, "model.language_model");
  }
  const LoraAdapter read = read_task_adapter(layout, write("a", written));
  EXPECT_EQ(read.pairs[1].module, "model.layers.0.mlp.down_proj");
  EXPECT_EQ(read.pairs[1].a, written.pairs[1].a);
}

TEST_F(TaskAdapters, PutsThePairsIntoLayoutOrder) {
  const LoraAdapter given = tiny_adapter(2);
  LoraAdapter shuffled = given;
  std::reverse(shuffled.pairs.begin(), shuffled.pairs.end());
  const LoraAdapter fitted = fit_to_layout(tiny_layout(), shuffled, "adapter: x");
  EXPECT_EQ(flat_values(fitted), flat_values(given));
}

TEST_F(TaskAdapters, NamesTheMissingAndTheUnexpectedLayer) {
  EXPECT_DND_ERROR(read_task_adapter(tiny_layout(), write("short", tiny_adapter(1))),
                   ErrorKind::data, "'model.layers.1.self_attn.q_proj' is missing");
  EXPECT_DND_ERROR(read_task_adapter(tiny_layout(), write("long", tiny_adapter(3))),
                   ErrorKind::data, "'model.layers.2.mlp.down_proj' is not in the layout");
}

TEST_F(TaskAdapters, RefusesAnotherRankAlphaOrShape) {
  EXPECT_DND_ERROR(read_task_adapter(tiny_layout(), write("rank", tiny_adapter(2, 3))),
                   ErrorKind::data, "rank 3, the layout has 4");
  LoraAdapter scaled = tiny_adapter(2);
  for (adapter::LoraPair& pair : scaled.pairs) pair.scale = 1.0;
  EXPECT_DND_ERROR(read_task_adapter(tiny_layout(), write("alpha", scaled)), ErrorKind::data,
                   "is scaled by 1");
  LoraAdapter wide = tiny_adapter(2);
  wide.pairs[0] = testing::random_pair(wide.pairs[0].module, 8, 16, 4, 1);
  EXPECT_DND_ERROR(read_task_adapter(tiny_layout(), write("wide", wide)), ErrorKind::data,
                   "takes 16, the layout has 8");
}

TEST_F(TaskAdapters, RefusesValuesThatAreNotFinite) {
  LoraAdapter adapter = tiny_adapter(2);
  adapter.pairs[1].b[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_DND_ERROR(fit_to_layout(tiny_layout(), adapter, "adapter: x"), ErrorKind::data,
                   "adapter: x: 'model.layers.0.mlp.down_proj.lora_B': element 5");
}

TEST_F(TaskAdapters, NamesEveryBadAdapterAtOnce) {
  Task task;
  task.adapters = {write("good", tiny_adapter(2)), write("short", tiny_adapter(1)),
                   write("rank", tiny_adapter(2, 3))};
  EXPECT_DND_ERROR(check_task_adapters(tiny_layout(), {task}), ErrorKind::data, "rank 3");
  EXPECT_DND_ERROR(check_task_adapters(tiny_layout(), {task}), ErrorKind::data, "is missing");
}

TEST_F(TaskAdapters, RefusesMixedBases) {
  LoraAdapter other = tiny_adapter(2);
  other.base_model = "other/base";
  LoraAdapter first = tiny_adapter(2);
  first.base_model = "tiny/base";
  Task task;
  task.adapters = {write("first", first), write("other", other)};
  EXPECT_DND_ERROR(check_task_adapters(tiny_layout(), {task}), ErrorKind::data,
                   "is for the base model 'other/base'");
}

}  // namespace
}  // namespace dnd::tasks
