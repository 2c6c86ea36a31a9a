#include "formats/model_folder.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/sparse_safetensors.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

using Names = std::vector<std::string>;

class ModelFolderTest : public ::testing::Test {
 protected:
  void weights(const std::string& name, std::vector<TensorSpec> specs) const {
    testing::write_sparse(dir_ / name, std::move(specs));
  }
  // A file with one tensor, which tells it from others.
  void weights(const std::string& name, const std::string& tensor) const {
    weights(name, {{tensor, Dtype::f32, {1}}});
  }
  void index(const std::string& map, const std::string& name = "model") const {
    dir_.file(name + ".safetensors.index.json", "{\"weight_map\": " + map + "}");
  }
  void remove(const std::string& name) const { std::filesystem::remove(dir_ / name); }
  void refuses(ErrorKind kind, const std::string& words) const {
    EXPECT_DND_ERROR(ModelFolder(dir_.path()).weights(), kind, words);
  }
  void expect(const std::string& entry, const Names& tensors) const {
    const ModelFolder folder(dir_.path());
    EXPECT_EQ(folder.weights().entry(), entry);
    EXPECT_EQ(folder.weights().names(), tensors);
  }

  testing::TempDir dir_;
};

TEST_F(ModelFolderTest, OneFile) {
  weights("model.safetensors", {{"w", Dtype::f16, {2, 3}}, {"ids", Dtype::i64, {2}}});
  const ModelFolder folder(dir_.path());
  const ModelTensors& tensors = folder.weights();
  EXPECT_EQ(tensors.names(), (Names{"ids", "w"}));
  EXPECT_EQ(tensors.at("w", {2, 3}).bytes.size(), 12U);
  EXPECT_EQ(tensors.elements("ids"), 2);
  EXPECT_DND_ERROR(tensors.at("w", {3, 2}), ErrorKind::data, "shape [2, 3], expected [3, 2]");
  EXPECT_DND_ERROR(tensors.at("ids", {2}), ErrorKind::data, "dtype I64, expected a float type");
  EXPECT_DND_ERROR(tensors.at("idx", {2}), ErrorKind::data, "no tensor 'idx' (there is 'ids')");
}

TEST_F(ModelFolderTest, AnIndexAndItsShards) {
  weights("a.safetensors", "v");
  weights("b.safetensors", "w");
  index(R"({"v": "a.safetensors", "w": "b.safetensors"})");
  expect("model.safetensors.index.json", {"v", "w"});
  const ModelFolder folder(dir_ / "model.safetensors.index.json");
  EXPECT_TRUE(folder.weights().has("v"));
  EXPECT_FALSE(folder.weights().has("x"));
  ASSERT_EQ(folder.weights().all().size(), 2U);
  EXPECT_EQ(folder.weights().all()[1]->name, "w");
}

// The rule, from its last case to its first: what is added is taken before what is there.
TEST_F(ModelFolderTest, WhereSeveralAreThereTheRuleDecides) {
  weights("some.safetensors", "only");
  expect("some.safetensors", {"only"});
  weights("some-00001-of-00002.safetensors", "s1");
  weights("some-00002-of-00002.safetensors", "s2");
  expect("some-00001-of-00002.safetensors", {"s1", "s2"});
  weights("model-00001-of-00001.safetensors", "m1");
  expect("model-00001-of-00001.safetensors", {"m1"});
  index(R"({"only": "some.safetensors"})", "other");
  expect("other.safetensors.index.json", {"only"});
  weights("diffusion_pytorch_model.safetensors", "diffusion");
  expect("diffusion_pytorch_model.safetensors", {"diffusion"});
  index(R"({"m1": "model-00001-of-00001.safetensors"})", "diffusion_pytorch_model");
  expect("diffusion_pytorch_model.safetensors.index.json", {"m1"});
  index(R"({"only": "some.safetensors"})");
  expect("model.safetensors.index.json", {"only"});
  weights("model.safetensors", "single");
  expect("model.safetensors", {"single"});
}

TEST_F(ModelFolderTest, NumberedShardsWithoutAnIndex) {
  weights("model-00001-of-00003.safetensors", "a");
  weights("model-00003-of-00003.safetensors", "c");
  refuses(ErrorKind::no_input, "model-00002-of-00003.safetensors: shard 2 of 3 is missing");
  weights("model-00002-of-00003.safetensors", "a");
  refuses(ErrorKind::data,
          "'a' is in model-00001-of-00003.safetensors and in model-00002-of-00003");
  weights("model-00002-of-00003.safetensors", "b");
  expect("model-00001-of-00003.safetensors", {"a", "b", "c"});
  EXPECT_DND_ERROR(ModelFolder(dir_ / "model-00002-of-00003.safetensors"), ErrorKind::data,
                   "is shard 2 of 3; give the folder");
}

TEST_F(ModelFolderTest, SeveralFilesThatNothingOrders) {
  weights("a.safetensors", "a");
  weights("b.safetensors", "b");
  refuses(ErrorKind::data, "holds 2 .safetensors files and no index");
  weights("model-00001-of-00001.safetensors", "m");
  weights("model-00001-of-00002.safetensors", "n");
  refuses(ErrorKind::data, "holds 4 .safetensors files and no index");
}

TEST_F(ModelFolderTest, WithoutWeights) {
  refuses(ErrorKind::no_input,
          "expected model.safetensors, model.safetensors.index.json or a .gguf");
  dir_.file("adapter_config.json", "{}");
  refuses(ErrorKind::no_input, "(this is an adapter)");
  remove("adapter_config.json");
  dir_.file("pytorch_model.bin", "x");
  refuses(ErrorKind::no_input, "pickles are not");
  EXPECT_FALSE(ModelFolder(dir_.path()).has_weights());
  EXPECT_DND_ERROR(ModelFolder(dir_.path()).config(), ErrorKind::no_input, "config.json");
  EXPECT_DND_ERROR(ModelFolder(dir_ / "none"), ErrorKind::no_input, "none");
}

TEST_F(ModelFolderTest, IndexesThatLie) {
  weights("a.safetensors", "v");
  weights("b.safetensors", "w");
  index(R"({"v": "b.safetensors", "w": "b.safetensors"})");
  refuses(ErrorKind::data, "tensor 'v' should be in b.safetensors, it is in no shard");
  weights("a.safetensors", {{"v", Dtype::f32, {1}}, {"x", Dtype::f32, {1}}});
  index(R"({"v": "b.safetensors", "x": "a.safetensors", "w": "b.safetensors"})");
  refuses(ErrorKind::data, "tensor 'v' should be in b.safetensors, it is in a.safetensors");
  index(R"({"v": "a.safetensors", "w": "b.safetensors"})");
  refuses(ErrorKind::data, "a.safetensors holds 'x', which the index does not list");
  index(R"({"w": "c.safetensors"})");
  refuses(ErrorKind::no_input, "shard c.safetensors is missing");
  index("{}");
  refuses(ErrorKind::data, "'weight_map' is empty");
  for (const char* name : {"\"../a.safetensors\"", "\"a.bin\"", "3", "\"/a\\u0000.safetensors\""}) {
    index(std::string(R"({"w": )") + name + "}");
    refuses(ErrorKind::data, "is not the plain name of a .safetensors file");
  }
  weights("b.safetensors", {{"v", Dtype::f32, {1}}, {"w", Dtype::f32, {2}}});
  index(R"({"v": "a.safetensors", "x": "a.safetensors", "w": "b.safetensors"})");
  refuses(ErrorKind::data, "tensor 'v' is in a.safetensors and in b.safetensors");
}

TEST_F(ModelFolderTest, WhatLiesBesideTheWeights) {
  weights("a.safetensors", "v");
  weights("b.safetensors", "w");
  index(R"({"v": "a.safetensors"})");
  index(R"({"w": "b.safetensors"})", "second");
  for (const char* name : {"config.json", "tokenizer.json", "pytorch_model.bin", ".hidden"}) {
    dir_.file(name, "{}");
  }
  std::filesystem::create_directories(dir_ / "original");
  std::filesystem::create_symlink("nothing", dir_ / "link");
  const ModelFolder folder(dir_.path());
  EXPECT_TRUE(folder.has_config());
  const Companions companions = folder.companions();
  EXPECT_EQ(companions.kept,
            (Names{"config.json", "model.safetensors.index.json", "tokenizer.json"}));
  EXPECT_EQ(companions.left_out, (Names{".hidden", "b.safetensors", "link", "original/",
                                        "pytorch_model.bin", "second.safetensors.index.json"}));
}

}  // namespace
}  // namespace dnd::formats
