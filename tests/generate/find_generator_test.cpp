#include "generate/find_generator.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::generate {
namespace {
namespace fs = std::filesystem;

class FindGenerator : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a/one", "a/two", "b/two", "b/three"}) make_bundle(name);
    fs::create_directories(folder_ / "b/none");
    const std::string path = (folder_ / "a").string() + ":" + (folder_ / "missing").string() +
                             "::" + (folder_ / "b").string();
    setenv("DND_MODEL_PATH", path.c_str(), 1);
  }
  void TearDown() override { unsetenv("DND_MODEL_PATH"); }

  void make_bundle(const std::string& name) {
    fs::create_directories(folder_ / name);
    std::ofstream(folder_ / name / "generator.json") << "{}";
  }

  dnd::testing::TempDir dir_;
  fs::path folder_ = dir_.path();
};

TEST_F(FindGenerator, TakesPathsAsTheyAre) {
  EXPECT_EQ(find_generator("./nowhere"), fs::path("./nowhere"));
  EXPECT_EQ(find_generator((folder_ / "b/two").string()), folder_ / "b/two");
}

TEST_F(FindGenerator, FindsANameInTheFirstFolderThatHasIt) {
  EXPECT_EQ(find_generator("one"), folder_ / "a/one");
  EXPECT_EQ(find_generator("two"), folder_ / "a/two");
  EXPECT_EQ(find_generator("three"), folder_ / "b/three");
}

TEST_F(FindGenerator, AnExistingPathWinsOverAName) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_ / "b");
  EXPECT_EQ(find_generator("two"), fs::path("two"));
  fs::current_path(before);
}

TEST_F(FindGenerator, NamesWhatThereIsWhereANameIsNowhere) {
  try {
    find_generator("thre");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::no_input);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("did you mean 'three'?"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("one, "));
  }
}

TEST_F(FindGenerator, ListsEachNameOnce) {
  const std::vector<std::string> names = generator_names();
  EXPECT_THAT(names, ::testing::IsSupersetOf({"one", "three", "two"}));
  EXPECT_EQ(std::count(names.begin(), names.end(), "two"), 1);
  EXPECT_THAT(names, ::testing::Not(::testing::Contains("none")));
}

}  // namespace
}  // namespace dnd::generate
