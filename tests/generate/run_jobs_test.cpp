#include "generate/run_jobs.h"

#include <gmock/gmock.h>

#include <set>

#include "base/file.h"
#include "base/sha256.h"
#include "generate/condition_file.h"
#include "generate/fake_engine.h"
#include "generate/nano_generator.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::generate {
namespace {

namespace fs = std::filesystem;
using adapter::AdapterFormat;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A run owns its engine; what this one was asked goes to `log` when the run is over.
class LentEngine : public dnd::testing::FakeEngine {
 public:
  explicit LentEngine(FakeEngine& log) : FakeEngine(log), log_(log) {}
  ~LentEngine() override { log_ = *this; }

 private:
  FakeEngine& log_;
};

// Everything that a run tells.
class Log : public RunObserver {
 public:
  std::vector<std::string> stages;
  std::vector<std::string> failures;
  std::vector<std::size_t> made_jobs;
  std::vector<Made> made;

  void on_load() override { stages.emplace_back("load"); }
  void on_encode(std::size_t job) override { stages.push_back("encode " + std::to_string(job)); }
  void on_decode(std::size_t first, std::size_t last) override {
    stages.push_back("decode " + std::to_string(first) + "-" + std::to_string(last));
  }
  void on_layer(std::size_t done, std::size_t total) override { layers_ += done == total ? 1 : 0; }
  void on_failure(const fs::path& place, const Error& error, std::size_t adapters) override {
    failures.push_back(place.filename().string() + ": " + error.what() + " (" +
                       std::to_string(adapters) + ")");
  }
  void on_made(std::size_t job, const Made& one) override {
    made_jobs.push_back(job);
    made.push_back(one);
  }
  std::size_t layers() const { return layers_; }

 private:
  std::size_t layers_ = 0;
};

class RunJobsTest : public ::testing::Test {
 protected:
  // Of tasks with these names and prompts: a letter is a prompt.
  std::vector<Job> plan(const std::vector<std::pair<std::string, std::string>>& tasks,
                        const JobPlan& given = {}) {
    set_ = {};
    for (const auto& [name, letters] : tasks) {
      text::PromptTask task{name, {}};
      for (const char letter : letters) task.prompts.emplace_back(1, letter);
      set_.tasks.push_back(std::move(task));
    }
    JobPlan plan = given;
    if (plan.out.empty()) plan.out = dir_ / "out";
    return plan_jobs(set_, plan, false);
  }

  Log run(const std::vector<Job>& jobs) {
    const OutputOptions options{formats_, "", false, resume_};
    const JobOutputs outputs(nano_.generator().config, options);
    Log log;
    const OpenEngine open = [&]() -> std::unique_ptr<Engine> {
      ++opened_;
      return std::make_unique<LentEngine>(engine_);
    };
    run_jobs(jobs, nano_.generator(), outputs, options_, open, log);
    return log;
  }

  std::string matrices(const std::string& adapter) const {
    return read_text_file(dir_ / adapter / "adapter_model.safetensors", std::size_t{1} << 20U);
  }

  dnd::testing::NanoGenerator nano_;
  dnd::testing::TempDir dir_;
  dnd::testing::FakeEngine engine_;
  std::size_t opened_ = 0;
  text::PromptSet set_;
  std::vector<AdapterFormat> formats_ = {AdapterFormat::peft};
  bool resume_ = false;
  RunOptions options_{nano_.encoder(), "encoder", {}, {}, "exact", 8};
};

TEST_F(RunJobsTest, AnAdapterATaskWithItsProvenance) {
  const Log log = run(plan({{"red", "ab"}, {"blue", "cd"}}));
  EXPECT_THAT(log.stages, ElementsAre("load", "encode 0", "encode 1", "decode 0-1"));
  EXPECT_THAT(log.made_jobs, ElementsAre(0, 1));
  EXPECT_EQ(log.layers(), 1U);
  EXPECT_THAT(log.failures, IsEmpty());
  const Made& red = log.made[0];
  ASSERT_EQ(red.written.size(), 1U);
  EXPECT_EQ(red.written[0].artefact.path, dir_ / "out/red");
  EXPECT_EQ(red.written[0].file.sha256,
            sha256_hex_of_file(dir_ / "out/red/adapter_model.safetensors"));
  EXPECT_EQ(red.provenance.generator, "nano");
  EXPECT_EQ(red.provenance.encoder, "encoder");
  EXPECT_EQ(red.provenance.precision, "exact");
  EXPECT_EQ(red.provenance.device, "cpu");
  EXPECT_EQ(red.provenance.engine, "LibTorch 0");
  EXPECT_EQ(red.provenance.prompts_used, 2U);
  EXPECT_EQ(red.provenance.prompts_sha256, choose_prompts(set_.tasks[0], 2, {}).sha256);
  EXPECT_NE(matrices("out/red"), matrices("out/blue"));
  EXPECT_THAT(matrices("out/red"), ::testing::HasSubstr(red.provenance.prompts_sha256));
}

TEST_F(RunJobsTest, BytesDoNotDependOnTheBatch) {
  const std::vector<std::pair<std::string, std::string>> tasks = {
      {"one", "ab"}, {"two", "cd"}, {"three", "ad"}};
  std::vector<std::string> first;
  for (const std::size_t at_once : {1, 2, 8}) {
    engine_ = {};
    options_.at_once = at_once;
    const fs::path out = dir_ / std::to_string(at_once);
    run(plan(tasks, {.out = out}));
    EXPECT_EQ(engine_.decoded, at_once == 1   ? (std::vector<std::size_t>{1, 1, 1})
                               : at_once == 2 ? (std::vector<std::size_t>{2, 1})
                                              : std::vector<std::size_t>{3});
    std::vector<std::string> bytes;
    for (const auto& [name, letters] : tasks) {
      bytes.push_back(matrices(std::to_string(at_once) + "/" + name));
    }
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << at_once;
  }
}

TEST_F(RunJobsTest, NoPromptIsEncodedTwiceInACall) {
  run(plan({{"one", "ab"}, {"two", "bc"}, {"three", "ca"}}));
  EXPECT_THAT(engine_.encoded, ElementsAre(2, 1));
  EXPECT_EQ(opened_, 1U);
}

TEST_F(RunJobsTest, AFailingTaskLeavesTheOthersTheirChance) {
  engine_.refused = 7;  // "d"
  const Log log = run(plan({{"one", "ab"}, {"bad", "cd"}, {"empty", ""}, {"last", "bc"}}));
  EXPECT_THAT(log.made_jobs, ElementsAre(0, 3));
  ASSERT_EQ(log.failures.size(), 2U);
  EXPECT_EQ(log.failures[0], "bad: encoder: refused (1)");
  EXPECT_THAT(log.failures[1], ::testing::StartsWith("empty: "));
  EXPECT_FALSE(fs::exists(dir_ / "out/bad"));
  EXPECT_TRUE(fs::exists(dir_ / "out/last"));
}

TEST_F(RunJobsTest, AFailingBatchIsItsJobsFailure) {
  engine_.failing_decode = 1;
  options_.at_once = 2;
  formats_ = {AdapterFormat::peft, AdapterFormat::mlx};
  const Log log = run(plan({{"one", "ab"}, {"two", "cd"}, {"three", "bc"}}));
  EXPECT_THAT(log.failures,
              ElementsAre("one: decoder: too large (2)", "two: decoder: too large (2)"));
  EXPECT_THAT(log.made_jobs, ElementsAre(2));
}

TEST_F(RunJobsTest, AFailingFormatLeavesTheOthersTheirChance) {
  formats_ = {AdapterFormat::peft, AdapterFormat::mlx};
  const std::string name(252, 'o');  // with ".mlx" longer than a name may be
  const Log log = run(plan({{name, "ab"}, {"two", "cd"}}));
  ASSERT_EQ(log.failures.size(), 1U);
  EXPECT_THAT(log.failures[0], ::testing::StartsWith(name + ".mlx: "));
  EXPECT_THAT(log.failures[0], ::testing::EndsWith("(1)"));
  EXPECT_THAT(log.made_jobs, ElementsAre(0, 1));
  EXPECT_EQ(log.made[0].written.size(), 1U);
  EXPECT_EQ(log.made[1].written.size(), 2U);
}

TEST_F(RunJobsTest, WhatOneJobOrAllNeedEndsTheRun) {
  engine_.refused = 7;
  EXPECT_DND_ERROR(run(plan({{"only", "cd"}})), ErrorKind::memory, "refused");
  engine_.kind = ErrorKind::unavailable;
  EXPECT_DND_ERROR(run(plan({{"bad", "cd"}, {"one", "ab"}})), ErrorKind::unavailable, "refused");
  engine_ = {};
  engine_.width = 3;
  EXPECT_DND_ERROR(run(plan({{"one", "ab"}, {"two", "ab"}})), ErrorKind::data, "3 wide");
  EXPECT_FALSE(fs::exists(dir_ / "out"));
}

TEST_F(RunJobsTest, WhatIsThereCountsAsMadeAndWhatIsMissingIsMade) {
  const std::vector<Job> jobs = plan({{"one", "ab"}, {"two", "cd"}, {"three", "bc"}});
  const Log first = run(jobs);
  const std::string before = matrices("out/two");
  Log log = run(jobs);
  EXPECT_EQ(opened_, 1U) << "nothing to compute, nothing to load";
  ASSERT_THAT(log.made_jobs, ElementsAre(0, 1, 2));
  ASSERT_EQ(log.made[1].written.size(), 1U);
  EXPECT_EQ(log.made[1].written[0].artefact.path, dir_ / "out/two");
  EXPECT_EQ(log.made[1].written[0].file.sha256, first.made[1].written[0].file.sha256);
  EXPECT_EQ(log.made[1].written[0].file.bytes, first.made[1].written[0].file.bytes);
  EXPECT_EQ(log.made[1].provenance.device, "cpu");

  fs::remove_all(dir_ / "out/two");
  engine_ = {};
  log = run(jobs);
  EXPECT_THAT(log.made_jobs, ElementsAre(0, 1, 2));
  EXPECT_THAT(engine_.encoded, ElementsAre(2));
  EXPECT_EQ(matrices("out/two"), before);

  formats_.push_back(AdapterFormat::mlx);
  log = run(jobs);
  ASSERT_EQ(log.made.size(), 3U);
  ASSERT_EQ(log.made[0].written.size(), 2U);
  EXPECT_EQ(log.made[0].written[1].artefact.path, dir_ / "out/one.mlx");
}

// A failing job among those that are there and those that are not.
TEST_F(RunJobsTest, AFailureIsItsOwnJobsAlone) {
  run(plan({{"one", "ab"}, {"three", "bc"}}));
  engine_ = {};
  engine_.failing_decode = 1;
  options_.at_once = 1;
  const Log log = run(plan({{"one", "ab"}, {"two", "cd"}, {"three", "bc"}, {"four", "ac"}}));
  EXPECT_THAT(log.failures, ElementsAre("two: decoder: too large (1)"));
  EXPECT_THAT(log.made_jobs, ElementsAre(0, 2, 3));
}

TEST_F(RunJobsTest, WhatOtherInputsMadeIsRefusedBeforeAnythingIsComputed) {
  run(plan({{"two", "cd"}}));
  EXPECT_DND_ERROR(run(plan({{"one", "ab"}, {"two", "bd"}})), ErrorKind::cannot_create,
                   "two: exists already, made from other inputs");
  EXPECT_FALSE(fs::exists(dir_ / "out/one"));
  EXPECT_EQ(opened_, 1U);
}

TEST_F(RunJobsTest, ResumingRefusesItWhenItsJobComes) {
  run(plan({{"one", "ab"}, {"two", "cd"}}));
  resume_ = true;
  const Log log = run(plan({{"one", "ab"}, {"two", "bd"}}));
  ASSERT_EQ(log.failures.size(), 1U);
  EXPECT_THAT(log.failures[0], ::testing::HasSubstr("two: exists already, made from other inputs"));
  EXPECT_THAT(log.made_jobs, ElementsAre(0));
  options_.precision = "bf16";
  EXPECT_EQ(run(plan({{"one", "ab"}, {"two", "cd"}})).failures.size(), 2U);
}

TEST_F(RunJobsTest, VariantsDrawAnew) {
  options_.choice.seed = 5;
  const Log log = run(plan({{"one", "abcd"}}, {.variants = 4}));
  ASSERT_EQ(log.made.size(), 4U);
  std::set<std::string> draws;
  for (std::size_t v = 0; v < 4; ++v) {
    const adapter::Provenance& provenance = log.made[v].provenance;
    EXPECT_EQ(provenance.variant, v);
    EXPECT_EQ(provenance.seed, 5U);
    EXPECT_EQ(provenance.prompts_sha256,
              choose_prompts(set_.tasks[0], 2, {text::SelectMode::random, 5, v}).sha256);
    draws.insert(provenance.prompts_sha256);
    EXPECT_TRUE(fs::exists(dir_ / "out/one" / ("v00" + std::to_string(v))));
  }
  EXPECT_GT(draws.size(), 1U);
}

TEST_F(RunJobsTest, ShardsTogetherMakeWhatOneCallMakes) {
  const std::vector<std::pair<std::string, std::string>> tasks = {
      {"one", "ab"}, {"two", "cd"}, {"three", "ad"}};
  run(plan(tasks, {.out = dir_ / "whole"}));
  for (const std::size_t shard : {0, 1}) {
    run(plan(tasks, {.out = dir_ / "parts", .shard = {shard, 2}}));
  }
  for (const auto& [name, letters] : tasks) {
    EXPECT_EQ(matrices("parts/" + name), matrices("whole/" + name));
  }
}

TEST_F(RunJobsTest, AConditionInPlaceOfPrompts) {
  options_.encoder.clear();
  options_.condition = dir_ / "condition.safetensors";
  write_condition(options_.condition, {{2, 4, 2}, std::vector<float>(16, 5.0F)}, {},
                  OnExisting::refuse);
  const Log log = run(plan_jobs({.out = dir_ / "out"}));
  ASSERT_EQ(log.made.size(), 1U);
  const adapter::Provenance& provenance = log.made[0].provenance;
  EXPECT_EQ(provenance.condition_sha256, sha256_hex_of_file(options_.condition));
  EXPECT_EQ(provenance.encoder, "");
  EXPECT_EQ(provenance.prompts_used, 0U);
  EXPECT_EQ(engine_.encoder, "");
}

TEST_F(RunJobsTest, WhatIsWrongWithAnAdapterIsFound) {
  EXPECT_THAT(run(plan({{"good", "ab"}})).made[0].findings, IsEmpty());
  engine_.token = 0.0F;
  const Log log = run(plan({{"bad", "ab"}}));
  ASSERT_FALSE(log.made[0].findings.empty());
  EXPECT_EQ(log.made[0].findings[0].check, "zero");
}

TEST_F(RunJobsTest, NoJobsIsNoWork) {
  EXPECT_THAT(run({}).stages, IsEmpty());
  EXPECT_EQ(opened_, 0U);
}

}  // namespace
}  // namespace dnd::generate
