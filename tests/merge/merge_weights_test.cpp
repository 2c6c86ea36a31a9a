#include "merge/merge_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/strings.h"
#include "merge/block_file.h"
#include "merge/make_adapter.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::merge {
namespace {

namespace fs = std::filesystem;
using adapter::LoraPair;
using formats::SafetensorsFile;
using testing::random_pair;
using testing::random_tensor;
using testing::RawTensor;
using testing::safetensors_text;
using testing::TempDir;
using testing::weighted;

constexpr std::uint64_t kSizeLimit = 1U << 20U;

std::string content(const fs::path& path) { return read_text_file(path, kSizeLimit); }

MergeResult merge(const fs::path& folder, const std::vector<WeightedAdapter>& adapters,
                  const fs::path& out, const MergeOptions& options = {}) {
  const BaseWeights base = open_base_weights(folder);
  return merge_weights(base, plan_merge(base, adapters), out, options);
}

// The distance of two floats of one type in steps.
std::int64_t steps(float x, float y, Dtype dtype) {
  const auto ordered = [&](float value) {
    const std::int64_t bits =
        dtype == Dtype::bf16 ? f32_to_bf16(std::abs(value)) : f32_to_f16(std::abs(value));
    return value < 0.0F ? -bits : bits;
  };
  return std::abs(ordered(x) - ordered(y));
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, IsWhatPeftMerges) {
  const fs::path model = testing::data_path(std::string("interop/") + GetParam());
  const TempDir dir;
  const auto adapters = read_adapters({{model / "adapter", 1.0}}, {});
  const MergeResult result = merge(model / "base", adapters, dir / "out");
  EXPECT_EQ(result.tensors_merged, 14U);
  const SafetensorsFile found(dir / "out/model.safetensors");
  const SafetensorsFile expected(model / "merged_by_peft/model.safetensors");
  ASSERT_EQ(found.tensors().size(), expected.tensors().size());
  std::size_t count = 0;
  std::size_t different = 0;
  for (const formats::TensorView& tensor : expected.tensors()) {
    const std::vector<float> ours = found.read_f32(tensor.name, &tensor.shape);
    const std::vector<float> theirs = expected.read_f32(tensor.name);
    for (std::size_t i = 0; i < ours.size(); ++i, ++count) {
      if (ours[i] == theirs[i]) continue;
      ++different;
      EXPECT_LE(steps(ours[i], theirs[i], tensor.dtype), 1) << tensor.name << " " << i;
    }
  }
  EXPECT_LE(different * 1000, count) << different << " of " << count << " differ";
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, ::testing::Values("llama", "qwen2"));

// Two shards of every type, with odd sizes, an empty tensor and an order of their own.
class Sharded : public ::testing::Test {
 protected:
  Sharded() {
    fs::create_directories(dir_ / "base/original");
    write(kFirst, {random_tensor("model.layers.0.q.weight", Dtype::bf16, 13, 37, 1),
                   {"counts", Dtype::i64, {3}, std::string(24, '\x7F')},
                   random_tensor("model.layers.0.k.weight", Dtype::f16, 6, 37, 2),
                   random_tensor("empty.weight", Dtype::f32, 0, 4, 3)});
    write(kSecond, {{"model.norm.weight", Dtype::bf16, {3}, "\1\2\3\4\5\6"},
                    random_tensor("model.layers.1.q.weight", Dtype::f32, 13, 37, 4)});
    dir_.file("base/model.safetensors.index.json", kIndex);
    dir_.file("base/config.json", R"({"architectures": ["X"]})");
    dir_.file("base/tokenizer.json", "{ }");
    dir_.file("base/empty.txt", "");
    for (const char* name :
         {"pytorch_model.bin", "model.gguf", "other.safetensors", ".gitattributes"}) {
      dir_.file(std::string("base/") + name, "x");
    }
  }

  void write(const char* name, const std::vector<RawTensor>& tensors) {
    dir_.file(std::string("base/") + name, safetensors_text(tensors));
  }

  static std::vector<WeightedAdapter> adapters() {
    return {weighted("one", 1.0,
                     {random_pair("model.layers.0.q", 13, 37, 3, 10),
                      random_pair("model.layers.1.q", 13, 37, 3, 12)}),
            weighted("two", -0.5,
                     {random_pair("model.layers.0.q", 13, 37, 2, 14, 1.0),
                      random_pair("model.layers.0.k", 6, 37, 2, 16, 1.0)})};
  }

  // Every element of the adapted tensors is the sum in double, rounded, or its neighbour.
  void expect_sums(const fs::path& folder, const char* shard, const std::string& module) {
    const std::string name = module + ".weight";
    const SafetensorsFile before(dir_ / (std::string("base/") + shard));
    const SafetensorsFile after(folder / shard);
    const std::vector<float> old = before.read_f32(name);
    std::vector<double> sum(old.begin(), old.end());
    for (const WeightedAdapter& part : adapters()) {
      const LoraPair* pair = part.adapter.find(module);
      if (pair == nullptr) continue;
      const std::vector<double> term = testing::dense(*pair, pair->scale * part.weight);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
    }
    const std::vector<float> found = after.read_f32(name);
    const double unit = after.at(name).dtype == Dtype::bf16  ? 0x1p-8
                        : after.at(name).dtype == Dtype::f16 ? 0x1p-11
                                                             : 0x1p-24;
    EXPECT_NE(found, old);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      ASSERT_NEAR(found[i], sum[i], std::abs(sum[i]) * unit + 1e-6) << name << " " << i;
    }
  }

  static constexpr const char* kFirst = "model-00001-of-00002.safetensors";
  static constexpr const char* kSecond = "model-00002-of-00002.safetensors";
  static constexpr const char* kIndex = R"({"metadata": {"total_size": 1},
   "weight_map": {"model.layers.0.q.weight": "model-00001-of-00002.safetensors",
    "counts": "model-00001-of-00002.safetensors",
    "empty.weight": "model-00001-of-00002.safetensors",
    "model.layers.0.k.weight": "model-00001-of-00002.safetensors",
    "model.norm.weight": "model-00002-of-00002.safetensors",
    "model.layers.1.q.weight": "model-00002-of-00002.safetensors"}})";
  TempDir dir_;
};

TEST_F(Sharded, AddsAllAdapters) {
  const MergeResult result = merge(dir_ / "base", adapters(), dir_ / "out");
  EXPECT_EQ(result.tensors_merged, 3U);
  EXPECT_EQ(result.tensors_copied, 3U);
  expect_sums(dir_ / "out", kFirst, "model.layers.0.q");
  expect_sums(dir_ / "out", kFirst, "model.layers.0.k");
  expect_sums(dir_ / "out", kSecond, "model.layers.1.q");
}

TEST_F(Sharded, KeepsAllElse) {
  const MergeResult result = merge(dir_ / "base", adapters(), dir_ / "out");
  EXPECT_EQ(testing::names_in(dir_ / "out"),
            (std::vector<std::string>{"config.json", "empty.txt", kFirst, kSecond,
                                      "model.safetensors.index.json", "tokenizer.json"}));
  std::uint64_t bytes = 0;
  for (const std::string& name : testing::names_in(dir_ / "out")) {
    std::string before = content(dir_ / "base" / name);
    std::string after = content(dir_ / "out" / name);
    bytes += after.size();
    if (name == kFirst || name == kSecond) {
      const std::size_t header =
          8 + static_cast<unsigned char>(before[0]) + 256U * static_cast<unsigned char>(before[1]);
      before.resize(header);
      after.resize(header);
    }
    EXPECT_EQ(before, after) << name;
  }
  EXPECT_EQ(result.bytes, bytes);
  const SafetensorsFile first(dir_ / "out" / kFirst);
  const std::span<const std::byte> counts = first.at("counts").bytes;
  for (const std::byte byte : counts) EXPECT_EQ(byte, std::byte{0x7F});
  EXPECT_EQ(open_base_weights(dir_ / "base").left_out,
            (std::vector<std::string>{".gitattributes", "model.gguf", "original/",
                                      "other.safetensors", "pytorch_model.bin"}));
}

TEST_F(Sharded, NeitherThreadsNorBlocksMatter) {
  merge(dir_ / "base", adapters(), dir_ / "expected");
  int run = 0;
  for (const int threads : {1, 2, 5}) {
    for (const std::uint64_t block_bytes : {1U, 64U, 300U, 1000U}) {
      const fs::path out = dir_ / std::to_string(run++);
      MergeOptions options;
      options.threads = threads;
      options.block_bytes = block_bytes;
      merge(dir_ / "base", adapters(), out, options);
      for (const std::string& name : testing::names_in(dir_ / "expected")) {
        ASSERT_EQ(content(out / name), content(dir_ / "expected" / name))
            << name << ", " << threads << " threads, blocks of " << block_bytes;
      }
    }
  }
}

TEST_F(Sharded, ProgressReachesOne) {
  std::vector<double> shares;
  MergeOptions options;
  options.block_bytes = 500;
  options.progress = [&](double share) { shares.push_back(share); };
  merge(dir_ / "base", adapters(), dir_ / "out", options);
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_EQ(shares.back(), 1.0);
}

TEST_F(Sharded, NothingIsLeftAfterAFailure) {
  auto broken = adapters();
  broken[0].adapter.pairs[1].a[5] = std::numeric_limits<float>::infinity();
  EXPECT_DND_ERROR(merge(dir_ / "base", broken, dir_ / "out"), ErrorKind::data,
                   "tensor 'model.layers.1.q.weight'");
  EXPECT_EQ(testing::names_in(dir_.path()), std::vector<std::string>{"base"});
}

// The smallest blocks, so that some thread always waits for the next one.
MergeOptions crowded() {
  MergeOptions options;
  options.threads = 8;
  options.block_bytes = 1;
  return options;
}

constexpr int kRepeats = 100;  // for what depends on which thread comes first

TEST_F(Sharded, AFileThatCannotBeOpenedIsMetByNoOtherThread) {
  BaseWeights base = open_base_weights(dir_ / "base");
  base.files[1] = base.files[0];  // its output is there already
  for (int i = 0; i < kRepeats; ++i) {
    EXPECT_DND_ERROR(merge_weights(base, {}, dir_ / "out", crowded()), ErrorKind::cannot_create,
                     "File exists");
    ASSERT_EQ(testing::names_in(dir_.path()), std::vector<std::string>{"base"});
  }
}

TEST_F(Sharded, NoBlockCountsAfterAFailure) {
  for (int i = 0; i < kRepeats; ++i) {
    int calls = 0;
    MergeOptions options = crowded();
    options.progress = [&](double) {
      ++calls;
      fail(ErrorKind::io, "nobody listens");
    };
    EXPECT_DND_ERROR(merge(dir_ / "base", adapters(), dir_ / "out", options), ErrorKind::io,
                     "nobody listens");
    ASSERT_EQ(calls, 1);
    ASSERT_EQ(testing::names_in(dir_.path()), std::vector<std::string>{"base"});
  }
}

TEST_F(Sharded, ResultsTooLargeForTheTypeAreNamed) {
  auto large = adapters();
  large[1].weight = 1e7;
  EXPECT_DND_ERROR(merge(dir_ / "base", large, dir_ / "out"), ErrorKind::data,
                   "tensor 'model.layers.0.k.weight': rows 0 to 5: a result is not finite as F16");
}

TEST_F(Sharded, PlacesThatAreTaken) {
  const fs::path out = dir_ / "out";
  MergeOptions replace;
  replace.on_existing = OnExisting::replace;
  fs::create_directory(out);
  dir_.file("out/diary.txt", "x");
  EXPECT_DND_ERROR(merge(dir_ / "base", adapters(), out), ErrorKind::cannot_create, "exists");
  EXPECT_DND_ERROR(merge(dir_ / "base", adapters(), out, replace), ErrorKind::cannot_create,
                   "not a merged checkpoint");
  EXPECT_DND_ERROR(merge(dir_ / "base", adapters(), dir_ / "base/", replace),
                   ErrorKind::cannot_create, "is an input of this call");
  fs::remove(out / "diary.txt");
  merge(dir_ / "base", adapters(), out);
  dir_.file("out/stale.txt", "x");
  EXPECT_DND_ERROR(merge(dir_ / "base", adapters(), out, replace), ErrorKind::cannot_create,
                   "holds 'stale.txt', which is no part of a merged checkpoint of this base");
  fs::remove(out / "stale.txt");
  EXPECT_NO_THROW(merge(dir_ / "base", adapters(), out, replace));
}

TEST_F(Sharded, OneFileAlone) {
  const auto one =
      std::vector{weighted("one", 1.0, {random_pair("model.layers.1.q", 13, 37, 3, 12)})};
  EXPECT_EQ(merge(dir_ / "base" / kSecond, one, dir_ / "out").tensors_merged, 1U);
  EXPECT_EQ(testing::names_in(dir_ / "out"), std::vector<std::string>{kSecond});
  EXPECT_DND_ERROR(merge(dir_ / "base" / kSecond, one, dir_ / "base"), ErrorKind::cannot_create,
                   "holds an input of this call");
}

// W' = m / ||W + scale B A|| * (W + scale B A), in double.
TEST_F(Sharded, DoraScalesRowsToTheirMagnitude) {
  for (const auto& [shard, module] :
       {std::pair{kFirst, "model.layers.0.q"}, std::pair{kSecond, "model.layers.1.q"}}) {
    LoraPair pair = random_pair(module, 13, 37, 3, 20);
    for (std::size_t row = 0; row < 13; ++row) pair.magnitude.push_back(1.0F + 0.1F * row);
    const fs::path out = dir_ / module;
    MergeOptions options;
    options.block_bytes = 300;  // so that a block does not begin at row 0
    merge(dir_ / "base", {weighted("dora", 1.0, {pair})}, out, options);
    const std::string name = std::string(module) + ".weight";
    const std::vector<float> old = SafetensorsFile(dir_ / "base" / shard).read_f32(name);
    const std::vector<float> found = SafetensorsFile(out / shard).read_f32(name);
    std::vector<double> sum = testing::dense(pair, pair.scale);
    for (std::size_t row = 0; row < 13; ++row) {
      double squares = 0.0;
      for (std::size_t i = row * 37; i < row * 37 + 37; ++i) {
        sum[i] += static_cast<double>(old[i]);
        squares += sum[i] * sum[i];
      }
      const double factor = static_cast<double>(pair.magnitude[row]) / std::sqrt(squares);
      for (std::size_t i = row * 37; i < row * 37 + 37; ++i) {
        const double unit = shard == kFirst ? 0x1p-8 : 0x1p-22;
        ASSERT_NEAR(found[i], sum[i] * factor, std::abs(sum[i] * factor) * unit + 1e-6) << i;
      }
    }
  }
}

TEST(FreeSpace, IsCheckedBeforehand) {
  const TempDir dir;
  check_free_space(dir / "not/there/yet", 1);
  EXPECT_DND_ERROR(check_free_space(dir / "not/there/yet", 1ULL << 62U), ErrorKind::cannot_create,
                   "the disk has");
}

TEST(BlockFiles, Errors) {
  const TempDir dir;
  const BlockReader reader(dir.file("five", "12345"));
  std::vector<std::byte> bytes(4);
  EXPECT_DND_ERROR(reader.read(3, bytes), ErrorKind::io, "became shorter");
  EXPECT_DND_ERROR(BlockReader(dir / "none"), ErrorKind::no_input, "No such file");
  EXPECT_DND_ERROR(BlockWriter(dir / "five", 1), ErrorKind::cannot_create, "File exists");
  EXPECT_DND_ERROR(BlockWriter(dir / "huge", 1ULL << 61U), ErrorKind::io, "huge");
}

}  // namespace
}  // namespace dnd::merge
