// Two processes on loopback; and the variables they are told by.
#include "comm/process_group.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "support/expect_error.h"
#include "support/free_port.h"

namespace dnd::comm {
namespace {

// Runs `member` in two processes; the results are their exit codes.
std::pair<int, int> run_two(const std::function<int(ProcessGroup&)>& member, int timeout = 60) {
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
      ProcessGroup group(rendezvous, timeout);
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

constexpr int kUnavailable = static_cast<int>(ErrorKind::unavailable);

// Encoding takes hours; a sum is waited for as long as a network may take.
TEST(ProcessGroup, TheFirstMayWorkLongerThanASumIsWaitedFor) {
  const auto codes = run_two(
      [](ProcessGroup& group) {
        int worked = 0;
        group.first_alone("works", [&] {
          std::this_thread::sleep_for(std::chrono::seconds(5));
          ++worked;
        });
        group.first_alone("works again", [&] { ++worked; });
        return worked == (group.rank() == 0 ? 2 : 0) ? 0 : 1;
      },
      2);
  EXPECT_EQ(codes, std::make_pair(0, 0));
}

TEST(ProcessGroup, WhatTheFirstThrowsEndsTheOthers) {
  const auto codes = run_two([](ProcessGroup& group) {
    group.first_alone("works", [] { throw Error(ErrorKind::data, "no"); });
    return 0;
  });
  EXPECT_EQ(codes, std::make_pair(static_cast<int>(ErrorKind::data), kUnavailable));
}

TEST(ProcessGroup, WhereTheFirstDiesTheOthersEnd) {
  const auto begun = std::chrono::steady_clock::now();
  const auto codes = run_two([](ProcessGroup& group) {
    group.first_alone("works", [] { _exit(7); });
    return 0;
  });
  EXPECT_EQ(codes, std::make_pair(7, kUnavailable));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
}

TEST(ProcessGroup, WithoutAFirstTheOthersEndInTime) {
  Rendezvous rendezvous;
  rendezvous.size = 2;
  rendezvous.rank = 1;
  rendezvous.address = "127.0.0.1";
  rendezvous.port = testing::free_port();
  const auto begun = std::chrono::steady_clock::now();
  ::testing::internal::CaptureStderr();
  EXPECT_DND_ERROR(ProcessGroup(rendezvous, 2), ErrorKind::unavailable,
                   "nobody listens there after 2 s (did process 0 start?)");
  rendezvous.address = "nowhere.invalid";
  EXPECT_DND_ERROR(ProcessGroup(rendezvous, 1), ErrorKind::unavailable,
                   "no meeting at nowhere.invalid:");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << "the error says it all";
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST(ProcessGroup, TwoOfOneNumberAreToldApart) {
  Rendezvous rendezvous;
  rendezvous.size = 3;
  rendezvous.address = "127.0.0.1";
  rendezvous.port = testing::free_port();
  const pid_t first = fork();
  if (first == 0) {
    try {
      ProcessGroup(rendezvous, 8);
    } catch (const Error&) {
    }
    _exit(0);
  }
  rendezvous.rank = 1;
  const pid_t second = fork();
  if (second == 0) {
    try {
      ProcessGroup(rendezvous, 8);
    } catch (const Error&) {
    }
    _exit(0);
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  EXPECT_DND_ERROR(ProcessGroup(rendezvous, 8), ErrorKind::unavailable,
                   "another process of this number");
  waitpid(first, nullptr, 0);
  waitpid(second, nullptr, 0);
}

TEST(ProcessGroup, SaysThatTheOthersDidNotCome) {
  Rendezvous rendezvous;
  rendezvous.size = 2;
  rendezvous.address = "127.0.0.1";
  rendezvous.port = testing::free_port();
  EXPECT_DND_ERROR(ProcessGroup(rendezvous, 1), ErrorKind::unavailable,
                   "process 0 of 2: no meeting at 127.0.0.1:");
  rendezvous.port = testing::free_port();
  EXPECT_DND_ERROR(ProcessGroup(rendezvous, 1), ErrorKind::unavailable,
                   "process 1 did not come within 1 s");
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
