#include "base/read_ahead.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
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
  MappedFile file(path);
  if (share_in_memory(file) > 0.5) GTEST_SKIP() << "a file system that is in memory";
  file.read_ahead();
  const MappedFile moved(std::move(file));
  for (int tries = 0; share_in_memory(moved) < 1.0 && tries < 1000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(share_in_memory(moved), 1.0);
}

TEST(ReadAhead, MayEndBeforeAllIsRead) {
  const TempDir dir;
  const auto path = dir.file("x", std::string(kSize, 'x'));
  for (int i = 0; i < 50; ++i) {
    MappedFile file(path);
    file.read_ahead();
    EXPECT_EQ(file.text()[kSize - 1], 'x');
  }
  MappedFile empty(dir.file("empty", ""));
  empty.read_ahead();
}

// A map that two threads take down.
TEST(MappedFile, LargeOnesToo) {
  const TempDir dir;
  const auto path = dir.file("x", "first");
  const std::uintmax_t size = (std::uintmax_t{300} << 20) + 5;
  std::filesystem::resize_file(path, size);
  for (int i = 0; i < 2; ++i) {
    const MappedFile file(path);
    EXPECT_EQ(file.bytes().size(), size);
    EXPECT_EQ(file.text().substr(0, 5), "first");
    EXPECT_EQ(file.text().back(), '\0');
  }
}

}  // namespace
}  // namespace dnd
