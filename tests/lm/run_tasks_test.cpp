// Logits of sequences that share passes, beginnings and memory: bit by bit those of each alone.
#include "lm/run_tasks.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/random.h"
#include "base/strings.h"
#include "formats/model_folder.h"
#include "lm/attach_adapter.h"
#include "lm/tiny_model.h"
#include "support/lora.h"

namespace dnd::lm {
namespace {

using testing::TinyModel;
using Ids = std::vector<std::int32_t>;
// Logits after a position of a task.
using Told = std::map<std::pair<std::size_t, std::int64_t>, std::vector<float>>;

class RunTasks : public ::testing::Test {
 protected:
  RunTasks() {
    model_.config["num_hidden_layers"] = 3;
    SplitMix64 random(1);
    const auto ids = [&](std::size_t count) {
      Ids some(count);
      for (std::int32_t& id : some) id = static_cast<std::int32_t>(random.next() % 368);
      return some;
    };
    const Ids system = ids(12);
    for (std::size_t i = 0; i < 9; ++i) {
      Ids question = system;
      for (const std::int32_t id : ids(3 + 2 * (i / 3) + 8)) question.push_back(id);
      questions_.push_back(question);
      if (i % 3 == 0) {  // two answers to the same question
        questions_.push_back(question);
        questions_.back().push_back(5);
      }
    }
    questions_.push_back(ids(1));
  }

  Told run(int threads, const TaskLimits& limits, const adapter::LoraAdapter* adapter = nullptr) {
    const c10::InferenceMode inference;
    const testing::TempDir dir;
    const formats::ModelFolder folder(model_.write(dir));
    const ops::Workers workers(threads);
    Transformer transformer(workers, folder.weights(), read_model_config(folder.config()));
    attach_adapter(transformer.linears(), adapter);
    transformer.reserve(64);
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const auto length = static_cast<std::int64_t>(questions_[i].size());
      tasks.push_back({questions_[i],
                       std::min<std::int64_t>(1 + static_cast<std::int64_t>(i) % 3, length),
                       static_cast<std::int64_t>(i % 6)});
    }
    Told told;
    std::mutex mutex;
    run_tasks(
        transformer, tasks,
        [&](std::size_t task, std::int64_t position,
            std::span<const float> logits) -> std::optional<std::int32_t> {
          const std::lock_guard lock(mutex);
          told[{task, position}] = {logits.begin(), logits.end()};
          return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) -
                                           logits.begin());
        },
        limits);
    return told;
  }

  adapter::LoraAdapter adapter() const {
    adapter::LoraAdapter lora;
    for (const char* layer : {"model.layers.0.", "model.layers.2."}) {
      const std::string p = layer;
      lora.pairs.push_back(testing::random_pair(p + "self_attn.q_proj", 32, 32, 4, 1));
      lora.pairs.push_back(testing::random_pair(p + "self_attn.v_proj", 16, 32, 3, 3));
      lora.pairs.push_back(testing::random_pair(p + "mlp.down_proj", 32, 48, 5, 9));
    }
    return lora;
  }

  TinyModel model_;
  std::vector<Ids> questions_;
};

const TaskLimits kAlone = {.cache_bytes = 0, .share = false};
// Threads and limits.
const std::vector<std::pair<int, TaskLimits>> kTogether = {
    {1, {}},
    {2, {.share = false}},
    {3, {.rows = 7}},
    {2, {.cache_bytes = 40 << 10, .activation_bytes = 1, .logit_bytes = 1}},
    {2, {.logit_bytes = 5 * 368 * 4}}};

TEST_F(RunTasks, EachWantedPositionIsHeardOnce) {
  const Told told = run(2, {});
  std::size_t expected = 0;
  for (std::size_t i = 0; i < questions_.size(); ++i) {
    const std::size_t wanted = std::min(1 + i % 3, questions_[i].size());
    // The last of the ids that follow is not taken in.
    const std::size_t more = i % 6 == 0 ? 0 : i % 6 - 1;
    expected += wanted + more;
    for (std::size_t k = questions_[i].size() - wanted; k < questions_[i].size() + more; ++k) {
      EXPECT_EQ(told.count({i, static_cast<std::int64_t>(k)}), 1U) << i << " " << k;
    }
  }
  EXPECT_EQ(told.size(), expected);
}

TEST_F(RunTasks, NeitherPassesNorSharingNorThreadsChangeABit) {
  const adapter::LoraAdapter lora = adapter();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16, Dtype::f16}) {
    model_.dtype = dtype;
    for (const adapter::LoraAdapter* used :
         {static_cast<const adapter::LoraAdapter*>(nullptr), &lora}) {
      const Told alone = run(1, kAlone, used);
      for (std::size_t i = 0; i < kTogether.size(); ++i) {
        EXPECT_TRUE(run(kTogether[i].first, kTogether[i].second, used) == alone) << i;
      }
    }
  }
}

// The logits of a bf16 file are those of an fp32 file with the same numbers.
TEST_F(RunTasks, WeightsAsTheyAreStoredAreTheNumbersTheyStandFor) {
  const c10::InferenceMode inference;
  const testing::TempDir dir;
  for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
    model_.dtype = dtype;
    const formats::ModelFolder folder(model_.write(dir));
    const ops::Workers workers(1);
    Transformer half(workers, folder.weights(), read_model_config(folder.config()));
    const formats::SafetensorsFile& file = folder.weights().files()[0];
    // No copy: the layers read the map itself.
    const Linear& head = *half.linears().back();
    EXPECT_EQ(head.weight(0).matrix.data, file.at("model.embed_tokens.weight").bytes.data());
    EXPECT_EQ(half.linears()[0]->weight(2).matrix.data,
              file.at("model.layers.0.self_attn.v_proj.weight").bytes.data());

    const testing::TempDir wide_dir;
    std::vector<formats::TensorSpec> specs;
    for (const formats::TensorView& view : file.tensors()) {
      specs.push_back({view.name, Dtype::f32, view.shape});
    }
    formats::sort_for_safetensors(specs);
    formats::SafetensorsWriter writer(wide_dir / "model.safetensors", specs, {});
    for (const formats::TensorSpec& spec : specs) {
      const std::vector<float> values = file.read_f32(spec.name);
      writer.write(std::as_bytes(std::span(values)));
    }
    writer.finish();
    wide_dir.file("config.json", json_line(model_.config));
    const formats::ModelFolder wide_folder(wide_dir.path());
    Transformer wide(workers, wide_folder.weights(), read_model_config(wide_folder.config()));
    const auto logits = [&](Transformer& model) {
      model.reserve(64);
      Told told;
      const std::vector<Task> tasks = {{questions_[0], 5, 0}};
      run_tasks(model, tasks, [&](std::size_t task, std::int64_t position, auto row) {
        told[{task, position}] = {row.begin(), row.end()};
        return std::optional<std::int32_t>();
      });
      return told;
    };
    EXPECT_TRUE(logits(half) == logits(wide));
  }
}

// Windows that slide, ropes that change at 16 tokens: what is heard while a sequence grows is what is heard
// of a sequence that has come as far at once.
class GrowingSequences : public ::testing::TestWithParam<const char*> {};

TEST_P(GrowingSequences, AreThoseThatBeginAsLong) {
  const c10::InferenceMode inference;
  const formats::ModelFolder folder(
      testing::data_path(cat("language_models/", GetParam(), "/base")));
  const ops::Workers workers(2);
  Transformer model(workers, folder.weights(), read_model_config(folder.config()));
  model.reserve(64);
  std::vector<Ids> all;
  for (std::int32_t i = 0; i < 6; ++i) {
    Ids ids = {3, 4, 5, 6, 7, 8, 9, 10, 11, 12};  // shared
    for (std::int32_t k = 0; k < 1 + 2 * i; ++k) ids.push_back((7 * k + i) % 32);
    all.push_back(ids);
  }
  std::vector<Task> tasks;
  for (const Ids& ids : all) tasks.push_back({ids, 1, 14});
  std::vector<Told> told(all.size());
  run_tasks(model, tasks, [&](std::size_t task, std::int64_t position, auto logits) {
    told[task][{task, position}] = {logits.begin(), logits.end()};
    return std::optional(static_cast<std::int32_t>((position + static_cast<int>(task)) % 32));
  });
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(told[i].size(), 14U);
    for (const auto& [key, expected] : told[i]) {
      const std::vector<Task> alone = {{all[i], 1, 0}};
      std::vector<float> once;
      run_tasks(model, alone, [&](std::size_t, std::int64_t, auto logits) {
        once.assign(logits.begin(), logits.end());
        return std::optional<std::int32_t>();
      });
      EXPECT_TRUE(once == expected) << GetParam() << ", " << i << " at " << key.second;
      all[i].push_back(static_cast<std::int32_t>((key.second + static_cast<int>(i)) % 32));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GrowingSequences,
                         ::testing::Values("gemma2", "gemma3", "phi3", "smollm3"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace dnd::lm
