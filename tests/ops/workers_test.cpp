#include "ops/workers.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "ops/blocks.h"
#include "ops/process.h"
#include "support/expect_error.h"

namespace dnd::ops {
namespace {

TEST(Workers, EveryBlockRunsOnce) {
  for (const int threads : {1, 2, 5}) {
    const Workers workers(threads);
    EXPECT_EQ(workers.threads(), threads);
    for (const std::int64_t count : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
      workers.run(count, [&](std::int64_t i) { ++seen[static_cast<std::size_t>(i)]; });
      for (const auto& times : seen) EXPECT_EQ(times, 1);
    }
  }
}

// That is the business of set_up_process() (ops/process.h), which whoever owns the process calls.
TEST(Workers, MakingThemSetsNothingForTheProcess) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  ::setenv("DND_CPU_TARGET", "none", 1);
  EXPECT_NO_THROW(Workers(2).run(4, [](std::int64_t) {}));
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_DND_ERROR(set_up_process(), ErrorKind::usage, "DND_CPU_TARGET");
  ::unsetenv("DND_CPU_TARGET");
  set_up_process();
  EXPECT_EQ(at::get_num_threads(), 1);
  at::set_num_threads(before);
}

TEST(Workers, TheFirstErrorComesBackAndTheWorkersGoOn) {
  const Workers workers(3);
  std::atomic<int> ran = 0;
  const auto failing = [&](std::int64_t i) {
    ++ran;
    if (i == 3) throw std::runtime_error("block 3");
  };
  EXPECT_THROW(workers.run(1000000, failing), std::runtime_error);
  EXPECT_LT(ran, 1000000);
  ran = 0;
  workers.run(50, [&](std::int64_t) { ++ran; });
  EXPECT_EQ(ran, 50);
}

// Block 1 fails long after block 2.
TEST(Workers, OfSeveralErrorsTheLowestBlocksComesBack) {
  const Workers workers(2);
  std::atomic<bool> later_failed = false;
  const auto failing = [&](std::int64_t i) {
    if (i == 0) return;
    if (i == 1) {
      while (!later_failed) std::this_thread::yield();
      throw std::runtime_error("block 1");
    }
    later_failed = true;
    throw std::runtime_error("block 2");
  };
  try {
    workers.run(1000, failing);
    ADD_FAILURE() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "block 1");
  }
}

TEST(Blocks, PiecesCoverTheSizeWithoutOverlap) {
  const Workers workers(2);
  for (const std::int64_t size : {0, 1, 15, 16, 17, 1000}) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(size));
    for_pieces(workers, size, [&](Range range) {
      for (std::int64_t i = 0; i < range.size; ++i) {
        ++seen[static_cast<std::size_t>(range.begin + i)];
      }
    });
    for (const auto& times : seen) EXPECT_EQ(times, 1);
  }
}

}  // namespace
}  // namespace dnd::ops
