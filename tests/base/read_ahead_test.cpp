#include "base/read_ahead.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

using testing::TempDir;

constexpr std::size_t kSize = std::size_t{8} << 20;

// The share of a file's pages that are in memory, as the kernel says it.
double share_in_memory(const MappedFile& file) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((file.bytes().size() + page - 1) / page);
  EXPECT_EQ(
      ::mincore(const_cast<std::byte*>(file.bytes().data()), file.bytes().size(), pages.data()), 0);
  const auto there = std::count_if(pages.begin(), pages.end(), [](auto p) { return (p & 1) != 0; });
  return static_cast<double>(there) / static_cast<double>(pages.size());
}

void drop_from_memory(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  ::fsync(descriptor);
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
}

TEST(ReadAhead, TheWholeFileComesIntoMemory) {
  const TempDir dir;
  const auto path = dir.file("x", std::string(kSize, 'x'));
  drop_from_memory(path);
  const MappedFile file(path);
  if (share_in_memory(file) > 0.5) GTEST_SKIP() << "a file system that is in memory";
  const ReadAhead ahead(path);
  for (int tries = 0; share_in_memory(file) < 1.0 && tries < 1000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(share_in_memory(file), 1.0);
}

TEST(ReadAhead, IsAHintOnly) {
  const TempDir dir;
  const ReadAhead none(dir / "none");
  const ReadAhead folder(dir.path());
  const ReadAhead empty(dir.file("empty", ""));
  const ReadAhead endless("/dev/zero");
}

}  // namespace
}  // namespace dnd
