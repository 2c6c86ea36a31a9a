#include "formats/safetensors_index.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/sparse_safetensors.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

class ModelTensorsTest : public ::testing::Test {
 protected:
  void shard(const char* name, std::vector<TensorSpec> specs) {
    testing::write_sparse(dir_ / name, std::move(specs));
  }
  void index(const std::string& text) { dir_.file("model.safetensors.index.json", text); }
  void refuses(ErrorKind kind, const std::string& words) const {
    EXPECT_DND_ERROR(ModelTensors(dir_.path()), kind, words);
  }

  testing::TempDir dir_;
};

TEST_F(ModelTensorsTest, OneFile) {
  refuses(ErrorKind::no_input, "holds neither model.safetensors nor model.safetensors.index.json");
  shard("model.safetensors", {{"w", Dtype::f16, {2, 3}}, {"ids", Dtype::i64, {2}}});
  const ModelTensors tensors(dir_.path());
  EXPECT_EQ(tensors.names(), (std::vector<std::string>{"ids", "w"}));
  EXPECT_EQ(tensors.at("w", {2, 3}).bytes.size(), 12U);
  EXPECT_DND_ERROR(tensors.at("w", {3, 2}), ErrorKind::data, "shape [2, 3], expected [3, 2]");
  EXPECT_DND_ERROR(tensors.at("ids", {2}), ErrorKind::data, "dtype I64, expected a float type");
  EXPECT_DND_ERROR(tensors.at("idx", {2}), ErrorKind::data, "no tensor 'idx' (there is 'ids')");
}

TEST_F(ModelTensorsTest, Shards) {
  shard("a.safetensors", {{"v", Dtype::f32, {1}}});
  shard("b.safetensors", {{"w", Dtype::f32, {2}}});
  index(R"({"weight_map": {"v": "a.safetensors", "w": "b.safetensors"}})");
  const ModelTensors tensors(dir_.path());
  EXPECT_TRUE(tensors.has("v"));
  EXPECT_FALSE(tensors.has("x"));
  EXPECT_EQ(tensors.at("w", {2}).bytes.size(), 8U);
}

TEST_F(ModelTensorsTest, IndexesThatLie) {
  shard("a.safetensors", {{"v", Dtype::f32, {1}}});
  shard("b.safetensors", {{"w", Dtype::f32, {2}}});
  index(R"({"weight_map": {"v": "b.safetensors", "w": "b.safetensors"}})");
  refuses(ErrorKind::data, "says that b.safetensors holds 'v', it does not");
  index(R"({"weight_map": {"v": "a.safetensors", "w": "a.safetensors"}})");
  refuses(ErrorKind::data, "says that a.safetensors holds 'w', it does not");
  index(R"({"weight_map": {"w": "c.safetensors"}})");
  refuses(ErrorKind::no_input, "c.safetensors");
  index(R"({"weight_map": {}})");
  refuses(ErrorKind::data, "'weight_map' is empty");
  for (const char* name : {"\"../a.safetensors\"", "\"a.bin\"", "3", "\"/a\\u0000.safetensors\""}) {
    index(std::string(R"({"weight_map": {"w": )") + name + "}}");
    refuses(ErrorKind::data, "is not the plain name of a .safetensors file");
  }
  shard("b.safetensors", {{"v", Dtype::f32, {1}}, {"w", Dtype::f32, {2}}});
  index(R"({"weight_map": {"v": "a.safetensors", "w": "b.safetensors"}})");
  refuses(ErrorKind::data, "tensor 'v' comes twice, again in b.safetensors");
}

}  // namespace
}  // namespace dnd::formats
