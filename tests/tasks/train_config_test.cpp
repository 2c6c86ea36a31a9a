#include "tasks/train_config.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "tasks/train_template.h"

namespace dnd::tasks {
namespace {

Json minimal() {
  return {{"format", "dnd-train"},
          {"version", 1},
          {"name", "nano"},
          {"tasks", "data/tasks.json"},
          {"generator",
           {{"layout", testing::data_path("decoder/layout.json").string()},
            {"features", {{4, 12, 8}, {70, 6, 14}}}}}};
}

class TrainConfigTest : public ::testing::Test {
 protected:
  TrainConfig read(const Json& json) {
    return read_train_config(dir_.file("train.json", json_pretty(json)));
  }
  testing::TempDir dir_;
};

TEST_F(TrainConfigTest, DefaultsAreTheRelease) {
  const TrainConfig config = read(minimal());
  EXPECT_EQ(config.tasks, dir_ / "data/tasks.json");
  EXPECT_EQ(config.generator.condition.encoder, "all-MiniLM-L6-v2");
  EXPECT_EQ(config.generator.kernel, 3);
  EXPECT_EQ(config.steps, 5000);
  EXPECT_EQ(config.learning_rate, 3e-5);
  EXPECT_EQ(config.warmup_steps, 1);
  EXPECT_EQ(config.weight_decay, 0.1);
  EXPECT_EQ(config.max_gradient_norm, 1.0);
  EXPECT_EQ(config.condition_noise, 1e-4);
  EXPECT_EQ(config.target_noise, 1e-5);
  EXPECT_TRUE(config.criterion_weights);
  EXPECT_FALSE(config.residual);
  EXPECT_EQ(config.targets, TargetForm::as_is);
  EXPECT_EQ(config.loss, LossKind::tokens);
}

// The template's text with another layout, which is there.
std::string template_text() {
  std::string text = train_template();
  const std::string name = "\"layout.json\"";
  const std::string layout = testing::data_path("decoder/layout.json").string();
  return text.replace(text.find(name), name.size(), '"' + layout + '"');
}

TEST_F(TrainConfigTest, TheTemplateIsAConfiguration) {
  const TrainConfig config = read_train_config(dir_.file("train.json", template_text()));
  EXPECT_EQ(config.tasks, dir_ / "tasks.json");
  Json json = minimal();
  json["generator"]["features"] = "auto";
  EXPECT_EQ(train_identity(config), train_identity(read(json)));
}

// All lines that can stand together: what is shown are the defaults.
TEST_F(TrainConfigTest, TheTemplateShowsTheDefaults) {
  const std::string whole = template_text();
  std::string text;
  for (const std::string_view line : split(whole, '\n')) {
    bool alone = false;  // what cannot stand beside the others
    for (const char* key : {"\"joint\"", "\"criterion", "\"targets\"", "\"loss\"", "\"module_w"}) {
      alone = alone || line.find(key) != std::string_view::npos;
    }
    std::string taken(line);
    if (const std::size_t mark = line.find("// , "); mark != std::string_view::npos && !alone) {
      taken.erase(mark, 3);
    }
    text += taken + '\n';
  }
  const std::string released = "\"objective\": \"released\"";
  text.replace(text.find(released), released.size(), "\"objective\": \"answers\"");
  const TrainConfig config = read_train_config(dir_.file("train.json", text));
  Json json = minimal();
  json["generator"]["features"] = "auto";
  json["objective"] = "answers";
  json["base"] = "BASE";
  json["micro_batch"] = 1;
  const TrainConfig plain = read(json);
  EXPECT_EQ(train_identity(config), train_identity(plain));
  EXPECT_EQ(config.answers.state_bytes, plain.answers.state_bytes);
  EXPECT_EQ(config.save_every, plain.save_every);
  EXPECT_EQ(config.evaluate_every, plain.evaluate_every);
}

TEST_F(TrainConfigTest, AnswersAreAskedAsTold) {
  Json json = minimal();
  json["objective"] = {{"released", 0.5}, {"answers", 2}};
  json["base"] = "elsewhere";
  json["ask"] = {{"prompt", 1}, {"bare", 3}};
  const TrainConfig config = read(json);
  EXPECT_EQ(config.released, 0.5);
  EXPECT_EQ(config.answers.weight, 2.0);
  EXPECT_EQ(config.answers.bare, 0.75);
  EXPECT_EQ(config.answers.base, "elsewhere");  // no folder beside the file: a name, perhaps
  EXPECT_TRUE(config.uses_adapters());
  json["objective"] = {{"released", 3}};
  for (const char* key : {"base", "ask"}) json.erase(key);
  EXPECT_EQ(read(json).released, 1.0);  // alone, a factor means nothing
  json["base"] = "elsewhere";
  json["objective"] = "answers";
  EXPECT_FALSE(read(json).uses_adapters());
  json["residual"] = true;
  EXPECT_TRUE(read(json).uses_adapters());  // for their mean
  json["joint"] = "joint/1";
  EXPECT_FALSE(read(json).uses_adapters());
}

TEST_F(TrainConfigTest, AProjectionShortensThePrompts) {
  Json json = minimal();
  json["generator"]["max_length"] = 24;
  const bundle::ConditionConfig condition = read(json).generator.condition;
  EXPECT_EQ(condition.max_length, 24);
  EXPECT_EQ(condition.projection->from, 24);
  EXPECT_EQ(condition.projection->to, 12);
}

TEST_F(TrainConfigTest, IdentityLeavesOutWhatChangesNoNumber) {
  Json json = minimal();
  const Json before = train_identity(read(json));
  json["name"] = "other";
  json["save_every"] = 7;
  json["evaluate_every"] = 9;
  EXPECT_EQ(train_identity(read(json)), before);
  json["noise"] = {{"target", 0.0}};
  EXPECT_NE(train_identity(read(json)), before);
}

TEST_F(TrainConfigTest, NamesWhatIsWrong) {
  const auto refused = [&](const char* key, const Json& value, const char* words) {
    Json json = minimal();
    json[key] = value;
    EXPECT_DND_ERROR(read(json), ErrorKind::data, words);
  };
  refused("speed", 1, "speed");
  refused("steps", 0, "'steps': expected an integer from 1");
  refused("learning_rate", 0, "'learning_rate' is 0, expected a number above 0");
  refused("weight_decay", -0.1, "'weight_decay'");
  refused("betas", {0.9}, "'betas': expected two numbers from 0 to below 1");
  refused("loss", "mse", "'loss' is 'mse', expected tokens or update");
  refused("module_weights", {{"mlp.up_proj", -1}}, "'mlp.up_proj' is -1");
  refused("generator", Json::object(), "'layout' is missing");
  refused("format", "dnd-tasks", "dnd-tasks");
  refused("tasks", "a\x1b[31m", "'tasks': the path 'a\\x1b[31m' has a control character");
  refused("generator", {{"start", std::string(256, 'n')}}, "is too long");
}

TEST(DefaultMicroBatch, DependsOnShapesAlone) {
  bundle::GeneratorConfig small;
  small.kernel = 3;
  small.features = {{8, 36, 384}, {16, 24, 96}, {96, 6, 66}};
  EXPECT_EQ(default_micro_batch(small, 16), 4);
  EXPECT_EQ(default_micro_batch(small, 3), 2);
  EXPECT_EQ(default_micro_batch(small, 1), 1);
  small.kernel = 31;
  EXPECT_EQ(default_micro_batch(small, 16), 1);
}

}  // namespace
}  // namespace dnd::tasks
