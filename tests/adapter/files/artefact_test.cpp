#include "adapter/files/artefact.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/expect_error.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using testing::short_adapter;
using testing::TempDir;

std::vector<std::string> places(const fs::path& place, const std::vector<AdapterFormat>& formats) {
  std::vector<std::string> paths;
  for (const Artefact& artefact : artefacts_of(place, formats)) {
    paths.push_back(artefact.path.string());
  }
  return paths;
}

TEST(ArtefactsOf, ByAFixedRule) {
  using Paths = std::vector<std::string>;
  const std::vector<AdapterFormat> three = {AdapterFormat::peft, AdapterFormat::gguf,
                                            AdapterFormat::mlx};
  EXPECT_EQ(places("out/arc", three), (Paths{"out/arc", "out/arc.gguf", "out/arc.mlx"}));
  EXPECT_EQ(places("out/", three), (Paths{"out/", "out.gguf", "out.mlx"}));
  EXPECT_EQ(places("a.gguf", three), (Paths{"a.gguf", "a.gguf.gguf", "a.gguf.mlx"}));
  EXPECT_EQ(places("a.gguf", {AdapterFormat::gguf}), Paths{"a.gguf"});
  EXPECT_EQ(places("a", {AdapterFormat::gguf}), Paths{"a.gguf"});
  EXPECT_EQ(places("a.safetensors", {AdapterFormat::diffusers}), Paths{"a.safetensors"});
  EXPECT_EQ(places(".", {AdapterFormat::mlx}), Paths{fs::current_path().string() + ".mlx"});
}

// One adapter with what a generator writes beside its matrices.
class FindFinished : public ::testing::TestWithParam<AdapterFormat> {
 protected:
  void SetUp() override {
    options_.dtype = "f16";
    options_.architecture = "Qwen2ForCausalLM";
    LoraAdapter adapter = short_adapter({2}, {1.0});
    adapter.metadata = {{"dnd.seed", "1"}, {"dnd.version", "0"}};
    written_ = write_artefact(artefact_, adapter, options_);
  }

  TempDir dir_;
  Artefact artefact_{GetParam(), dir_ / "a.safetensors"};
  WriteOptions options_;
  WrittenFile written_;
};

std::vector<AdapterFormat> all_formats() {
  std::vector<AdapterFormat> formats;
  for (const FileFormat& row : file_formats()) formats.push_back(row.format);
  return formats;
}

INSTANTIATE_TEST_SUITE_P(Formats, FindFinished, ::testing::ValuesIn(all_formats()));

TEST_P(FindFinished, OnlyFromTheSameInputs) {
  const std::optional<Finished> found = find_finished(artefact_, {{"dnd.seed", "1"}}, options_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file.bytes, written_.bytes);
  EXPECT_EQ(found->file.sha256, written_.sha256);
  EXPECT_EQ(found->metadata.at("dnd.seed"), "1");
  EXPECT_TRUE(find_finished(artefact_, {{"dnd.version", "9"}, {"format", "x"}}, options_));
  EXPECT_FALSE(find_finished({artefact_.format, dir_ / "none"}, {}, options_));
  const auto refused = [&](const std::map<std::string, std::string>& expected) {
    EXPECT_DND_ERROR(find_finished(artefact_, expected, options_), ErrorKind::cannot_create,
                     "a.safetensors: exists already, made from other inputs");
  };
  refused({{"dnd.seed", "2"}});
  refused({{"dnd.task", "1"}});
  options_.dtype = "f32";
  refused({{"dnd.seed", "1"}});
}

TEST_P(FindFinished, NothingThatCannotBeRead) {
  for (const auto& entry : fs::recursive_directory_iterator(dir_.path())) {
    if (entry.is_regular_file()) fs::resize_file(entry.path(), 3);
  }
  EXPECT_DND_ERROR(find_finished(artefact_, {}, options_), ErrorKind::cannot_create,
                   "exists already, and is no finished adapter (--force replaces it): ");
}

TEST_P(FindFinished, AsAnOutput) {
  const auto check = [&](bool force, const fs::path& input) {
    check_output(artefact_, force, {input}, "advice");
  };
  EXPECT_DND_ERROR(check(false, ""), ErrorKind::cannot_create, "exists already (advice)");
  EXPECT_NO_THROW(check(true, ""));
  EXPECT_DND_ERROR(check(true, artefact_.path), ErrorKind::cannot_create, "is an input");
  fs::remove_all(artefact_.path);
  dir_.file("a.safetensors", "mine");
  EXPECT_DND_ERROR(check(true, ""), ErrorKind::cannot_create, "it will not be replaced");
}

}  // namespace
}  // namespace dnd::adapter
