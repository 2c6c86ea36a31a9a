#include "base/shared_library.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

using testing::TempDir;

TEST(SharedLibrary, NamesWhatCannotBeOpened) {
  const TempDir dir;
  const auto open = [](const std::filesystem::path& path) {
    return SharedLibrary(path, "engine", " (see doctor)");
  };
  EXPECT_DND_ERROR(open(dir / "none.so"), ErrorKind::unavailable,
                   "none.so: not found (see doctor)");
  EXPECT_DND_ERROR(open(dir.path()), ErrorKind::unavailable, "is not a file (see doctor)");
  EXPECT_DND_ERROR(open(dir.file("junk.so", "junk")), ErrorKind::unavailable,
                   "engine: cannot be loaded: ");
  ::alarm(10);  // ends the test where it waits for the pipe
  ASSERT_EQ(::mkfifo((dir / "pipe.so").c_str(), 0666), 0);
  EXPECT_DND_ERROR(open(dir / "pipe.so"), ErrorKind::unavailable, "is not a file");
  ::alarm(0);
}

// A bare name is a file of the current folder here, not one of the system's libraries.
TEST(SharedLibrary, IsNotSearchedFor) {
  EXPECT_DND_ERROR(SharedLibrary("libc.so.6", "engine", ""), ErrorKind::unavailable,
                   "libc.so.6: not found");
}

}  // namespace
}  // namespace dnd
