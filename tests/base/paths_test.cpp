#include "base/paths.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;

TEST(KindOf, TellsWhatIsThere) {
  const TempDir dir;
  dir.file("x", "12345");
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0666), 0);
  fs::create_symlink("x", dir / "link");
  fs::create_symlink("nowhere", dir / "dangling");
  EXPECT_EQ(kind_of(dir / "x"), PathKind::file);
  EXPECT_EQ(kind_of(dir / "link"), PathKind::file);
  EXPECT_EQ(kind_of(dir.path()), PathKind::folder);
  EXPECT_EQ(kind_of(dir / "pipe"), PathKind::other);
  for (const char* name : {"none", "dangling", "none/below", "x/below"}) {
    EXPECT_EQ(kind_of(dir / name), PathKind::absent) << name;
  }
  EXPECT_EQ(kind_of(""), PathKind::absent);
  EXPECT_TRUE(path_exists(dir / "pipe"));
  EXPECT_FALSE(is_file(dir / "pipe"));
  EXPECT_TRUE(is_folder(dir.path()));
  EXPECT_EQ(file_bytes(dir / "link"), 5U);
}

// What <filesystem> throws its own exception for.
TEST(Paths, OneErrorForWhatTheSystemRefuses) {
  const TempDir dir;
  fs::create_symlink("loop", dir / "loop");
  const fs::path loop = dir / "loop";
  const fs::path below = loop / "below";
  const fs::path name = dir / std::string(300, 'n');
  fs::path path = dir.path();
  while (path.string().size() < 5000) path /= std::string(200, 'p');
  for (const fs::path& each : {loop, below, name, path}) {
    EXPECT_DND_ERROR(kind_of(each), ErrorKind::no_input, each.string() + ": ");
    EXPECT_DND_ERROR(file_bytes(each), ErrorKind::no_input, each.string() + ": ");
    EXPECT_DND_ERROR(list_folder(each), ErrorKind::no_input, each.string() + ": ");
    EXPECT_FALSE(is_same(each, dir.path()));
    EXPECT_EQ(nearest_existing(each), dir.path());
  }
  EXPECT_DND_ERROR(absolute_path(""), ErrorKind::no_input, "''");
  EXPECT_DND_ERROR(list_folder(dir / "none"), ErrorKind::no_input, "No such file");
  EXPECT_DND_ERROR(list_folder(dir.file("x", "")), ErrorKind::no_input, "Not a directory");
}

TEST(AbsolutePath, HasNoDotsAndNoSlashAtTheEnd) {
  EXPECT_EQ(absolute_path("/a/.//b/"), "/a/b");
  EXPECT_EQ(absolute_path("x"), fs::current_path() / "x");
  EXPECT_EQ(absolute_path("/"), "/");
}

// As the system has it: of what is there, not of the text.
TEST(AbsolutePath, TwoDotsAreTheParentOfWhatIsThere) {
  const TempDir dir;
  fs::create_directories(dir / "other/deep");
  fs::create_directory_symlink("other/deep", dir / "link");
  EXPECT_EQ(absolute_path(dir / "other/deep/../new"), dir / "other/new");
  EXPECT_EQ(absolute_path(dir / "link/../new"), dir / "other/new");
  EXPECT_EQ(absolute_path("/.."), "/");
  EXPECT_DND_ERROR(absolute_path(dir / "none/../new"), ErrorKind::no_input,
                   "none: No such file or directory");
}

TEST(ListFolder, IsSorted) {
  const TempDir dir;
  for (const char* name : {"b", "a", "c"}) dir.file(name, "");
  EXPECT_EQ(list_folder(dir.path()), (std::vector<fs::path>{dir / "a", dir / "b", dir / "c"}));
}

TEST(FirstExisting, IsTheFirstThatIsThereElseTheFirst) {
  const TempDir dir;
  const std::array names = {"a", "b", "c"};
  EXPECT_EQ(first_existing(dir.path(), names), dir / "a");
  for (const char* name : {"c", "b", "a"}) {
    dir.file(name, "");
    EXPECT_EQ(first_existing(dir.path(), names), dir / name);
  }
}

TEST(LiesIn, FollowsLinksAndComparesWholeNames) {
  const TempDir dir;
  fs::create_directories(dir / "model/part");
  fs::create_directory_symlink("model", dir / "link");
  EXPECT_TRUE(lies_in(dir / "model/part", dir / "model"));
  EXPECT_TRUE(lies_in(dir / "link/part/new", dir / "model"));
  EXPECT_TRUE(lies_in(dir / "model", dir / "link"));
  EXPECT_FALSE(lies_in(dir / "model", dir / "model/part"));
  EXPECT_FALSE(lies_in(dir / "modelling", dir / "model"));
}

}  // namespace
}  // namespace dnd
