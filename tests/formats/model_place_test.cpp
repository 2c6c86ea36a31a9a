#include "formats/model_place.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVariables[] = {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME",
                                      "XDG_CACHE_HOME", "HOME"};

// A cache as huggingface_hub leaves it, and an environment in which it is the only one.
class ModelPlaceTest : public ::testing::Test {
 protected:
  ModelPlaceTest() {
    for (const char* variable : kVariables) {
      const char* value = std::getenv(variable);
      before_.emplace_back(value == nullptr ? "" : value);
      ::unsetenv(variable);
    }
    ::setenv("HF_HUB_CACHE", (dir_ / "hub").c_str(), 1);
  }
  ~ModelPlaceTest() override {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      ::unsetenv(kVariables[i]);
      if (!before_[i].empty()) ::setenv(kVariables[i], before_[i].c_str(), 1);
    }
  }

  void file(const fs::path& path, const std::string& text = "{}") const {
    fs::create_directories((dir_.path() / path).parent_path());
    dir_.file(path.string(), text);
  }
  void snapshot(const std::string& repository, const std::string& commit) const {
    file("hub/models--" + repository + "/snapshots/" + commit + "/config.json");
  }
  void ref(const std::string& repository, const std::string& name,
           const std::string& commit) const {
    file("hub/models--" + repository + "/refs/" + name, commit);
  }
  fs::path place(const std::string& repository, const std::string& commit) const {
    return dir_ / "hub" / ("models--" + repository) / "snapshots" / commit;
  }

  dnd::testing::TempDir dir_;

 private:
  std::vector<std::string> before_;
};

TEST_F(ModelPlaceTest, TheCacheIsTheFirstThatIsSet) {
  EXPECT_EQ(hub_cache(), dir_ / "hub");
  ::setenv("HUGGINGFACE_HUB_CACHE", "/old", 1);
  EXPECT_EQ(hub_cache(), dir_ / "hub");
  ::unsetenv("HF_HUB_CACHE");
  EXPECT_EQ(hub_cache(), "/old");
  ::unsetenv("HUGGINGFACE_HUB_CACHE");
  EXPECT_EQ(hub_cache(), "");
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(hub_cache(), "/home/me/.cache/huggingface/hub");
  ::setenv("XDG_CACHE_HOME", "/cache", 1);
  EXPECT_EQ(hub_cache(), "/cache/huggingface/hub");
  ::setenv("HF_HOME", "/hf", 1);
  EXPECT_EQ(hub_cache(), "/hf/hub");
}

TEST_F(ModelPlaceTest, ANameIsItsMainRevision) {
  snapshot("org--tiny-llm", "c1");
  snapshot("org--tiny-llm", "c2");
  ref("org--tiny-llm", "main", "c2\n");
  const ModelPlace found = find_model("org/tiny-llm");
  EXPECT_EQ(found.path, place("org--tiny-llm", "c2"));
  EXPECT_EQ(found.hub_name, "org/tiny-llm");
  EXPECT_EQ(found.commit, "c2");
}

TEST_F(ModelPlaceTest, OtherRevisionsAreNamed) {
  snapshot("org--tiny", "c1");
  snapshot("org--tiny", "c2");
  ref("org--tiny", "main", "c2");
  ref("org--tiny", "v1.0", "c1");
  ref("org--tiny", "refs/pr/3", "c1");
  EXPECT_EQ(find_model("org/tiny@v1.0").path, place("org--tiny", "c1"));
  EXPECT_EQ(find_model("org/tiny@refs/pr/3").path, place("org--tiny", "c1"));
  EXPECT_EQ(find_model("org/tiny@c1").path, place("org--tiny", "c1"));
  EXPECT_DND_ERROR(find_model("org/tiny@v2"), ErrorKind::no_input,
                   "does not have revision 'v2' (snapshots: c1, c2); 'hf download org/tiny "
                   "--revision v2' fetches it");
}

TEST_F(ModelPlaceTest, WithoutMainTheOnlySnapshotIsMeant) {
  snapshot("gpt2", "c1");
  EXPECT_EQ(find_model("gpt2").path, place("gpt2", "c1"));
  snapshot("gpt2", "c2");
  EXPECT_DND_ERROR(find_model("gpt2"), ErrorKind::no_input, "does not have revision 'main'");
  ref("gpt2", "main", "gone");
  EXPECT_DND_ERROR(find_model("gpt2"), ErrorKind::no_input, "does not have revision 'main'");
}

TEST_F(ModelPlaceTest, ARefDoesNotLeadElsewhere) {
  snapshot("org--tiny", "c1");
  file("hub/models--org--tiny/config.json");
  for (const char* commit : {"..", "../..", ".", "/"}) {
    ref("org--tiny", "main", commit);
    EXPECT_DND_ERROR(find_model("org/tiny"), ErrorKind::no_input, "does not have revision");
  }
  EXPECT_EQ(find_model("org/tiny@../x").path, "org/tiny@../x") << "no name";
}

TEST_F(ModelPlaceTest, WhatIsNotThereGetsTheCommandThatFetchesIt) {
  EXPECT_DND_ERROR(find_model("org/tiny"), ErrorKind::no_input,
                   (dir_ / "hub").string() + "); 'hf download org/tiny' fetches it");
  EXPECT_EQ(find_model("nowhere").path, "nowhere") << "for its reader to say that it is not found";
  for (const char* given : {"a/b/c", "../x/y", "/x/y", "a//b", "-a/b", "a/b--c", "a/b."}) {
    EXPECT_EQ(find_model(given).path, given);
  }
}

TEST_F(ModelPlaceTest, WhatExistsComesFirst) {
  snapshot("tests--x", "c1");
  file("m/config.json");
  file("x.gguf");
  EXPECT_EQ(find_model((dir_ / "m").string()).path, dir_ / "m");
  EXPECT_EQ(find_model((dir_ / "x.gguf").string()).path, dir_ / "x.gguf");
  EXPECT_EQ(find_model((dir_ / "m").string()).hub_name, "");
}

TEST_F(ModelPlaceTest, AFolderWithOneGgufIsThatFile) {
  file("m/README.md");
  file("m/model-q4.gguf");
  file("m/mmproj-model.gguf");
  EXPECT_EQ(find_model((dir_ / "m").string()).path, dir_ / "m/model-q4.gguf");
  file("m/model-q8.gguf");
  EXPECT_DND_ERROR(find_model((dir_ / "m").string()), ErrorKind::data,
                   "several GGUF files; name the one that is meant: model-q4.gguf, model-q8.gguf");
  file("m/config.json");
  EXPECT_EQ(find_model((dir_ / "m").string()).path, dir_ / "m") << "the folder's own model";
  for (const char* part : {"1", "2", "3"}) file(std::string("s/x-0000") + part + "-of-00003.gguf");
  EXPECT_EQ(find_model((dir_ / "s").string()).path, dir_ / "s/x-00001-of-00003.gguf");
}

TEST_F(ModelPlaceTest, FoldersThatAreNoModelAreNamed) {
  snapshot("org--tiny", "c1");
  EXPECT_DND_ERROR(find_model((dir_ / "hub").string()), ErrorKind::no_input,
                   "is a cache of several models; name one of them, as org/tiny");
  EXPECT_DND_ERROR(find_model((dir_ / "hub/models--org--tiny").string()), ErrorKind::no_input,
                   "is the cache's folder of org/tiny");
  file("above/model/config.json");
  EXPECT_DND_ERROR(find_model((dir_ / "above").string()), ErrorKind::no_input,
                   "holds no model itself; is " + (dir_ / "above/model").string() + " meant?");
  fs::create_directory(dir_ / "empty");
  EXPECT_EQ(find_model((dir_ / "empty").string()).path, dir_ / "empty");
}

}  // namespace
}  // namespace dnd::formats
