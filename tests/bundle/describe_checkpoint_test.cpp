#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "bundle/write_bundle.h"
#include "formats/torch_checkpoint.h"
#include "support/checkpoint_writer.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::bundle {
namespace {

namespace fs = std::filesystem;
using testing::CheckpointEntry;
using testing::data_path;

const std::string kLayer0 = "model.decoder.module_list.0.";
const std::string kLayer1 = "model.decoder.module_list.1.";

ImportOptions with_nano_layout() {
  ImportOptions options;
  options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
  return options;
}

// The features that the released configuration of a golden case names.
std::vector<Feature> golden_features(const fs::path& folder) {
  std::vector<Feature> features;
  const Json config = read_json_file(folder / "config.json", "golden");
  for (const Json& f : config.at("features")) features.push_back({f[0], f[1], f[2]});
  return features;
}

// Golden checkpoints with a change.
class DescribeCheckpoint : public ::testing::Test {
 protected:
  using Entries = std::vector<CheckpointEntry>;

  static Entries read_entries(const std::string& golden) {
    const formats::TorchCheckpoint file(data_path(golden));
    Entries entries;
    for (const formats::CheckpointTensor& tensor : file.tensors()) {
      entries.push_back({tensor.name, tensor.shape, file.read_f32(tensor)});
    }
    return entries;
  }

  static CheckpointEntry& entry(Entries& entries, const std::string& name) {
    return *std::find_if(entries.begin(), entries.end(),
                         [&](const CheckpointEntry& each) { return each.name == name; });
  }

  static void reshape(Entries& entries, const std::string& name,
                      const std::vector<std::int64_t>& shape) {
    CheckpointEntry& tensor = entry(entries, name);
    tensor.shape = shape;
    tensor.values.resize(static_cast<std::size_t>(
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies())));
  }

  static void remove(Entries& entries, const std::string& prefix) {
    std::erase_if(entries,
                  [&](const CheckpointEntry& each) { return each.name.starts_with(prefix); });
  }

  fs::path write(const Entries& entries) const {
    return dir_.file("g.pth", testing::checkpoint_bytes(entries));
  }

  // plain-k3 after `change` is refused with this message.
  void expect_refused(const std::function<void(Entries&)>& change,
                      const std::string& message) const {
    Entries entries = read_entries("decoder/plain-k3/decoder.pth");
    change(entries);
    const fs::path path = write(entries);
    EXPECT_DND_ERROR(describe_checkpoint(path, with_nano_layout()), ErrorKind::data,
                     "checkpoint: " + path.string() + ": " + message);
  }

  testing::TempDir dir_;
};

TEST_F(DescribeCheckpoint, ReadsAPlainGenerator) {
  const GeneratorConfig config =
      describe_checkpoint(data_path("decoder/plain-k3/decoder.pth"), with_nano_layout());
  EXPECT_EQ(config.features, golden_features(data_path("decoder/plain-k3")));
  EXPECT_EQ(config.kernel, 3);
  EXPECT_EQ(config.name, "decoder");
  EXPECT_EQ(config.condition.prompts, 4);
  EXPECT_EQ(config.condition.max_length, 12);
  EXPECT_EQ(config.condition.width, 8);
  EXPECT_EQ(config.condition.encoder, "all-MiniLM-L12-v2");
  EXPECT_EQ(config.condition.empty_chunk, EmptyChunk::zero);
  EXPECT_FALSE(config.condition.projection);
  EXPECT_FALSE(config.untrained);
  EXPECT_EQ(config.provenance.at("source"), "decoder.pth");
}

TEST_F(DescribeCheckpoint, ReadsAProjectedGenerator) {
  const fs::path folder = data_path("e2e/e2e-projected");
  const GeneratorConfig config = describe_checkpoint(folder / "decoder.pth", with_nano_layout());
  EXPECT_EQ(config.features, golden_features(folder));
  EXPECT_EQ(config.kernel, 3);
  EXPECT_EQ(config.condition.prompts, 4);
  EXPECT_EQ(config.condition.max_length, 1024);
  EXPECT_EQ(config.condition.width, 384);
  ASSERT_TRUE(config.condition.projection);
  EXPECT_EQ(config.condition.projection->from, 1024);
  EXPECT_EQ(config.condition.projection->to, 24);
}

TEST_F(DescribeCheckpoint, OptionsFillInWhatShapesCannotSay) {
  ImportOptions options = with_nano_layout();
  options.name = "mine";
  options.dtype = Dtype::f16;
  options.encoder = "e";
  options.empty_chunk = EmptyChunk::uniform;
  options.max_length = 12;
  options.license = "MIT";
  const fs::path path = data_path("decoder/plain-k3/decoder.pth");
  const GeneratorConfig config = describe_checkpoint(path, options);
  EXPECT_EQ(config.name, "mine");
  EXPECT_EQ(config.weights_dtype, Dtype::f16);
  EXPECT_EQ(config.condition.encoder, "e");
  EXPECT_EQ(config.condition.empty_chunk, EmptyChunk::uniform);
  EXPECT_EQ(config.license, "MIT");
  options.max_length = 13;
  EXPECT_DND_ERROR(describe_checkpoint(path, options), ErrorKind::data,
                   "--max-length 13 contradicts the shapes, which say 12");
  options.max_length = 12;
  options.dtype = Dtype::bf16;
  EXPECT_DND_ERROR(describe_checkpoint(path, options), ErrorKind::data,
                   "weights of type BF16, expected F32 or F16");
  EXPECT_DND_ERROR(describe_checkpoint(path, {}), ErrorKind::usage, "needs --preset or --layout");
}

TEST_F(DescribeCheckpoint, APresetMustBeTheSameGenerator) {
  const fs::path path = data_path("e2e/e2e-projected/decoder.pth");
  ImportOptions options;
  options.preset = describe_checkpoint(path, with_nano_layout());
  options.preset->name = "p";
  options.preset->condition.encoder = "e";
  EXPECT_EQ(describe_checkpoint(path, options).condition.encoder, "e");
  const auto expect_mismatch = [&](const std::string& message) {
    EXPECT_DND_ERROR(describe_checkpoint(path, options), ErrorKind::data, message);
  };
  options.preset->kernel = 5;
  expect_mismatch("the checkpoint has kernel 3, max_length 1024, features [4, 24, 384]");
  expect_mismatch("preset 'p' has kernel 5, max_length 1024, features [4, 24, 384]");
  options.preset->kernel = 3;
  options.preset->features[1].w = 17;
  expect_mismatch("preset 'p' has kernel 3, max_length 1024, features [4, 24, 384] [8, 12, 17]");
  // The released 7B presets differ in nothing else.
  options.preset->features[1].w = 16;
  options.preset->condition.max_length = 512;
  expect_mismatch("preset 'p' has kernel 3, max_length 512, ");
}

TEST_F(DescribeCheckpoint, TheLayoutMustHaveTheTokens) {
  ImportOptions options = with_nano_layout();
  options.layout->blocks[0].count = 3;
  EXPECT_DND_ERROR(describe_checkpoint(data_path("decoder/plain-k3/decoder.pth"), options),
                   ErrorKind::data,
                   "the last feature is [70, 6, 14], the layout has tokens [105, 6, 14] (layout of "
                   "another base model?)");
}

TEST_F(DescribeCheckpoint, EveryMissingTensorIsNamed) {
  const Entries golden = read_entries("decoder/plain-k3/decoder.pth");
  EXPECT_EQ(golden.size(), 28U);
  for (const CheckpointEntry& each : golden) {
    if (each.name == "criterion_weight") continue;
    expect_refused([&](Entries& entries) { remove(entries, each.name); },
                   "tensor '" + each.name + "' is missing");
  }
  Entries entries = golden;
  remove(entries, "criterion_weight");  // a buffer of training
  EXPECT_NO_THROW(describe_checkpoint(write(entries), with_nano_layout()));
}

TEST_F(DescribeCheckpoint, EveryMisshapenTensorIsNamed) {
  for (const CheckpointEntry& each : read_entries("decoder/plain-k3/decoder.pth")) {
    const auto change = [&](std::vector<std::int64_t> shape) {
      return [=, name = each.name](Entries& entries) { reshape(entries, name, shape); };
    };
    std::vector<std::int64_t> flat = each.shape;
    flat.push_back(1);
    expect_refused(change(flat), "tensor '" + each.name + "': shape ");
    std::vector<std::int64_t> empty = each.shape;
    empty[0] = 0;
    expect_refused(change(empty), "tensor '" + each.name + "': shape [0");
  }
  const std::string norm = kLayer1 + "linear1.norm.bias";
  expect_refused(
      [&](Entries& entries) {
        reshape(entries, norm, {7, 8});
      },
      "tensor '" + norm + "': shape [7, 8], the rest of the checkpoint needs [7, 9]");
  expect_refused(
      [](Entries& entries) {
        reshape(entries, "criterion_weight", {1, 71, 1, 1});
      },
      "tensor 'criterion_weight': shape [1, 71, 1, 1], expected [1, 70, 1, 1]");
}

TEST_F(DescribeCheckpoint, UnexpectedTensorsAreNamed) {
  expect_refused(
      [](Entries& entries) {
        entries.push_back({"condition_module.x", {1}, {0}});
      },
      "unexpected tensor 'condition_module.x' [1] (not a Drag-and-Drop generator?)");
  expect_refused(
      [](Entries& entries) {
        entries.push_back({"\x1b[31m", {1}, {0}});
      },
      "unexpected tensor '\\x1b[31m' [1]");
  expect_refused([](Entries& entries) { remove(entries, kLayer1); },
                 "unexpected tensor 'model.decoder.module_list.2.");
  expect_refused(
      [](Entries& entries) {
        entries.push_back({"gate_proj.bias", {1}, {0}});
      },
      "unexpected tensor 'gate_proj.bias'");
  expect_refused(
      [](Entries& entries) {
        entries.push_back({"down_proj.weight", {12, 9}, std::vector<float>(108)});
      },
      "tensor 'down_proj.bias' is missing");
}

TEST_F(DescribeCheckpoint, KernelsAreOdd) {
  expect_refused(
      [](Entries& entries) {
        reshape(entries, kLayer0 + "linear2.weight", {6, 4, 2, 2});
      },
      "kernel size 2, expected an odd number up to 63");
}

TEST_F(DescribeCheckpoint, OtherFilesAreNoGenerators) {
  expect_refused([](Entries& entries) { entries.clear(); },
                 "tensor '" + kLayer0 + "linear2.weight' is missing (the file holds no tensors)");
  expect_refused(
      [](Entries& entries) {
        entries = {{"lm_head.weight", {1}, {0}}};
      },
      "tensor '" + kLayer0 + "linear2.weight' is missing (not a Drag-and-Drop generator");
  const fs::path path = dir_.file(
      "i.pth",
      testing::checkpoint_bytes(read_entries("decoder/plain-k3/decoder.pth"), "IntStorage"));
  EXPECT_DND_ERROR(describe_checkpoint(path, with_nano_layout()), ErrorKind::data,
                   "dtype I32, expected a float type");
  EXPECT_DND_ERROR(describe_checkpoint("/nowhere.pth", with_nano_layout()), ErrorKind::no_input,
                   "/nowhere.pth");
}

}  // namespace
}  // namespace dnd::bundle
