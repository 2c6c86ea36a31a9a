// Two processes on loopback; and the variables they are told by.
#include "comm/process_group.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "support/expect_error.h"
#include "support/free_port.h"

namespace dnd::comm {
namespace {

// Runs `member` in two processes; the results are their exit codes.
std::pair<int, int> run_two(const std::function<int(ProcessGroup&)>& member) {
  Rendezvous rendezvous;
  rendezvous.size = 2;
  rendezvous.address = "127.0.0.1";
  rendezvous.port = testing::free_port();
  std::pair<int, int> codes;
  pid_t children[2] = {};
  for (int rank = 0; rank < 2; ++rank) {
    children[rank] = fork();
    if (children[rank] != 0) continue;
    rendezvous.rank = rank;
    int code = 99;
    try {
      ProcessGroup group(rendezvous, 60);
      code = member(group);
    } catch (const Error& error) {
      code = static_cast<int>(error.kind());
    }
    _exit(code);
  }
  for (int rank = 0; rank < 2; ++rank) {
    int status = 0;
    waitpid(children[rank], &status, 0);
    (rank == 0 ? codes.first : codes.second) = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  return codes;
}

TEST(ProcessGroup, SumsOverProcesses) {
  const auto codes = run_two([](ProcessGroup& group) {
    const auto mine = static_cast<float>(group.rank() + 1);
    const at::Tensor a = at::full({2, 3}, mine);
    const at::Tensor b = at::full({5}, 10.0F * mine);
    group.sum({a, b});
    return a.sizes().vec() == std::vector<std::int64_t>{2, 3} &&
                   a.const_data_ptr<float>()[5] == 3.0F && b.const_data_ptr<float>()[4] == 30.0F
               ? 0
               : 1;
  });
  EXPECT_EQ(codes, std::make_pair(0, 0));
}

TEST(ProcessGroup, RefusesDifferentSettings) {
  const auto codes = run_two([](ProcessGroup& group) {
    group.require_equal("a thing", "same");
    group.require_equal("the config", group.rank() == 0 ? "a" : "b");
    return 0;
  });
  const int expected = static_cast<int>(ErrorKind::data);
  EXPECT_EQ(codes, std::make_pair(expected, expected));
}

TEST(ProcessGroup, SaysThatTheOthersDidNotCome) {
  Rendezvous rendezvous;
  rendezvous.size = 2;
  rendezvous.address = "127.0.0.1";
  rendezvous.port = testing::free_port();
  EXPECT_DND_ERROR(ProcessGroup(rendezvous, 1), ErrorKind::unavailable,
                   "process 0 of 2: no meeting at 127.0.0.1:");
}

class Environment : public ::testing::Test {
 protected:
  void SetUp() override { TearDown(); }
  void TearDown() override {
    for (const char* name : {"WORLD_SIZE", "RANK", "MASTER_ADDR", "MASTER_PORT",
                             "TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT"}) {
      unsetenv(name);
    }
  }
  static void set(const char* name, const char* value) { setenv(name, value, 1); }
};

TEST_F(Environment, OneProcessNeedsNoGroup) {
  EXPECT_FALSE(rendezvous_from_environment());
  set("WORLD_SIZE", "1");
  EXPECT_FALSE(rendezvous_from_environment());
}

TEST_F(Environment, ReadsWhatTorchrunSets) {
  set("WORLD_SIZE", "4");
  set("RANK", "3");
  set("MASTER_ADDR", "127.0.0.1");
  set("MASTER_PORT", "29500");
  set("TORCHELASTIC_USE_AGENT_STORE", "True");
  set("TORCHELASTIC_RESTART_COUNT", "2");
  const Rendezvous found = rendezvous_from_environment().value();
  EXPECT_EQ(found.size, 4);
  EXPECT_EQ(found.rank, 3);
  EXPECT_EQ(found.address, "127.0.0.1");
  EXPECT_EQ(found.port, 29500);
  EXPECT_TRUE(found.agent_store);
  EXPECT_EQ(found.prefix, "dnd/2");
}

TEST_F(Environment, NamesTheVariableThatIsWrong) {
  set("WORLD_SIZE", "two");
  EXPECT_DND_ERROR(rendezvous_from_environment(), ErrorKind::usage, "WORLD_SIZE is 'two'");
  set("WORLD_SIZE", "2");
  EXPECT_DND_ERROR(rendezvous_from_environment(), ErrorKind::usage, "RANK is ''");
  set("RANK", "2");
  EXPECT_DND_ERROR(rendezvous_from_environment(), ErrorKind::usage, "RANK is '2', expected 0 to 1");
  set("RANK", "1");
  set("MASTER_PORT", "99999");
  EXPECT_DND_ERROR(rendezvous_from_environment(), ErrorKind::usage, "MASTER_PORT is '99999'");
  set("MASTER_PORT", "29500");
  EXPECT_DND_ERROR(rendezvous_from_environment(), ErrorKind::usage, "MASTER_ADDR is not set");
}

}  // namespace
}  // namespace dnd::comm
