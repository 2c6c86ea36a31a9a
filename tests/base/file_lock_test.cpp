#include "base/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

using testing::TempDir;

TEST(FileLock, IsHeldOnceAndFreeAfterwards) {
  const TempDir dir;
  const auto path = dir.path() / "new" / "lock";
  {
    const FileLock lock(path, "another test");
    EXPECT_DND_ERROR(FileLock(path, "another test"), ErrorKind::cannot_create,
                     "new/lock: another test is at work there");
  }
  const FileLock again(path, "another test");
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(FileLock, EndsWithAKilledProcess) {
  const TempDir dir;
  const auto path = dir.path() / "lock";
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const FileLock lock(path, "another test");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_DND_ERROR(FileLock(path, "another test"), ErrorKind::cannot_create, "another test");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const FileLock lock(path, "another test");
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(FileLock, NeedsAPlaceForItsFile) {
  const TempDir dir;
  dir.file("plain", "");
  EXPECT_DND_ERROR(FileLock(dir.path() / "plain" / "lock", "another test"),
                   ErrorKind::cannot_create, "plain/lock");
}

}  // namespace
}  // namespace dnd
