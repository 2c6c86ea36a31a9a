#include "generate/jobs.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>

#include "support/expect_error.h"

namespace dnd::generate {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> places(const std::vector<Job>& jobs) {
  std::vector<std::string> out;
  for (const Job& job : jobs) out.push_back(job.path.string());
  return out;
}

text::PromptSet tasks(const std::vector<std::string>& names) {
  text::PromptSet set;
  for (const std::string& name : names) set.tasks.push_back({name, {"a prompt"}});
  return set;
}

TEST(PlanJobs, OneATaskInItsOwnFolder) {
  const text::PromptSet set = tasks({"red", "blue", "grey"});
  const std::vector<Job> jobs = plan_jobs(set, {.out = "o"}, false);
  EXPECT_THAT(places(jobs), ElementsAre("o/red", "o/blue", "o/grey"));
  EXPECT_EQ(jobs[1].task, &set.tasks[1]);
  EXPECT_THAT(places(plan_jobs(tasks({""}), {.out = "o"}, false)), ElementsAre("o"));
  EXPECT_THAT(places(plan_jobs(tasks({"red"}), {.out = "o"}, true)), ElementsAre("o"));
}

TEST(PlanJobs, VariantsLieWithinTheTasks) {
  const std::vector<Job> jobs =
      plan_jobs(tasks({"red", "blue"}), {.out = "o", .variants = 2}, false);
  EXPECT_THAT(places(jobs), ElementsAre("o/red/v000", "o/red/v001", "o/blue/v000", "o/blue/v001"));
  EXPECT_EQ(jobs[3].variant, 1U);
}

TEST(PlanJobs, ShardsShareTheTasksOut) {
  const text::PromptSet set = tasks({"a", "b", "c", "d", "e"});
  EXPECT_THAT(places(plan_jobs(set, {.out = "o", .shard = {0, 2}}, false)),
              ElementsAre("o/a", "o/c", "o/e"));
  EXPECT_THAT(places(plan_jobs(set, {.out = "o", .shard = {1, 2}}, false)),
              ElementsAre("o/b", "o/d"));
  EXPECT_TRUE(plan_jobs(set, {.out = "o", .shard = {7, 9}}, false).empty());
}

TEST(PlanJobs, AConditionIsTheFirstShards) {
  const std::vector<Job> jobs = plan_jobs({.out = "o", .shard = {0, 2}});
  EXPECT_THAT(places(jobs), ElementsAre("o"));
  EXPECT_EQ(jobs[0].task, nullptr);
  EXPECT_TRUE(plan_jobs({.out = "o", .shard = {1, 2}}).empty());
}

TEST(ParseShard, ReadsPartsAndRefusesTheRest) {
  EXPECT_EQ(parse_shard("").count, 1U);
  EXPECT_EQ(parse_shard("2/5").index, 2U);
  EXPECT_EQ(parse_shard("2/5").count, 5U);
  for (const char* text : {"5/5", "0/0", "1", "1/2/3", "a/b", "-1/2", "/2", "1/"}) {
    EXPECT_DND_ERROR(parse_shard(text), ErrorKind::usage, "--shard");
  }
}

class Variables {
 public:
  explicit Variables(std::map<std::string, std::string> values) : values_(std::move(values)) {
    for (const auto& [name, value] : values_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variables() {
    for (const auto& [name, value] : values_) ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::string> values_;
};

TEST(ParseShard, AutoAsksSlurmThenTorchrun) {
  EXPECT_DND_ERROR(parse_shard("auto"), ErrorKind::usage, "neither");
  const Variables torchrun({{"RANK", "1"}, {"WORLD_SIZE", "4"}});
  EXPECT_EQ(parse_shard("auto").index, 1U);
  const Variables slurm({{"SLURM_ARRAY_TASK_ID", "7"},
                         {"SLURM_ARRAY_TASK_COUNT", "3"},
                         {"SLURM_ARRAY_TASK_MIN", "5"}});
  EXPECT_EQ(parse_shard("auto").index, 2U);
  EXPECT_EQ(parse_shard("auto").count, 3U);
  const Variables beyond(std::map<std::string, std::string>{{"SLURM_ARRAY_TASK_ID", "8"}});
  EXPECT_DND_ERROR(parse_shard("auto"), ErrorKind::usage, "expected I/N");
}

// --array=0-4:2 has the ids 0, 2 and 4.
TEST(ParseShard, AutoKnowsStepsOfSlurm) {
  const Variables array({{"SLURM_ARRAY_TASK_COUNT", "3"},
                         {"SLURM_ARRAY_TASK_MIN", "0"},
                         {"SLURM_ARRAY_TASK_MAX", "4"},
                         {"SLURM_ARRAY_TASK_STEP", "2"},
                         {"SLURM_ARRAY_TASK_ID", "4"}});
  EXPECT_EQ(parse_shard("auto").index, 2U);
  EXPECT_EQ(parse_shard("auto").count, 3U);
  const Variables between(std::map<std::string, std::string>{{"SLURM_ARRAY_TASK_ID", "3"}});
  EXPECT_DND_ERROR(parse_shard("auto"), ErrorKind::usage, "in steps of 2");
}

// --array=1,2,7: that 1 and 2 could be numbered leaves the task of 7 unmade.
TEST(ParseShard, AutoRefusesGapsInEveryTask) {
  for (const char* id : {"1", "2", "7"}) {
    const Variables array({{"SLURM_ARRAY_TASK_COUNT", "3"},
                           {"SLURM_ARRAY_TASK_MIN", "1"},
                           {"SLURM_ARRAY_TASK_MAX", "7"},
                           {"SLURM_ARRAY_TASK_STEP", "1"},
                           {"SLURM_ARRAY_TASK_ID", id}});
    EXPECT_DND_ERROR(parse_shard("auto"), ErrorKind::usage, "gaps");
  }
}

}  // namespace
}  // namespace dnd::generate
