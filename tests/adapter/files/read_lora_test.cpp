#include "adapter/files/read_lora.h"

#include <gtest/gtest.h>

#include "adapter/diffusers.h"
#include "adapter/mlx.h"
#include "adapter/peft.h"
#include "support/expect_error.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using testing::short_adapter;

class ReadLora : public ::testing::Test {
 protected:
  testing::TempDir dir_;
  LoraAdapter adapter_ = short_adapter({2}, {2.0});
};

TEST_F(ReadLora, FindsTheFilesOfFolders) {
  const auto expect = [&](AdapterFormat format, const char* weights, const char* config) {
    const auto found = find_adapter_folder(dir_ / "a");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->format->format, format);
    EXPECT_EQ(found->weights, dir_ / "a" / weights);
    EXPECT_EQ(found->config, *config == '\0' ? fs::path() : dir_ / "a" / config);
    fs::remove_all(dir_ / "a");
  };
  write_peft_folder(dir_ / "a", adapter_, {}, OnExisting::refuse);
  expect(AdapterFormat::peft, kAdapterWeightsName, kAdapterConfigName);
  write_mlx_folder(dir_ / "a", adapter_, Dtype::f32, OnExisting::refuse);
  expect(AdapterFormat::mlx, kMlxWeightsName, kAdapterConfigName);
  fs::create_directory(dir_ / "a");
  write_diffusers_file(dir_ / "a" / kDiffusersWeightsName, adapter_, Dtype::f32,
                       OnExisting::refuse);
  expect(AdapterFormat::diffusers, kDiffusersWeightsName, "");
}

TEST_F(ReadLora, APickleOnlyWithoutSafetensors) {
  write_peft_folder(dir_ / "a", adapter_, {}, OnExisting::refuse);
  dir_.file("a/adapter_model.bin", "");
  EXPECT_EQ(find_adapter_folder(dir_ / "a")->weights.filename(), kAdapterWeightsName);
  fs::remove(dir_ / "a" / kAdapterWeightsName);
  EXPECT_EQ(find_adapter_folder(dir_ / "a")->weights.filename(), kAdapterPickleName);
  fs::remove(dir_ / "a" / kAdapterPickleName);
  EXPECT_EQ(find_adapter_folder(dir_ / "a")->weights.filename(), kAdapterWeightsName);
}

TEST_F(ReadLora, FoldersThatTellNothing) {
  EXPECT_FALSE(find_adapter_folder(dir_.path()));
  EXPECT_EQ(adapter_folder_signs(),
            "adapter_config.json (PEFT, MLX) nor pytorch_lora_weights.safetensors (diffusers)");
  EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::data,
                   "holds neither " + adapter_folder_signs());
  dir_.file(kAdapterConfigName, "{");
  EXPECT_DND_ERROR(find_adapter_folder(dir_.path()), ErrorKind::data, kAdapterConfigName);
}

// A trainer's folder of checkpoints, the cache of a hub.
TEST_F(ReadLora, AFolderAboveAnAdapterNamesIt) {
  const auto expect = [&](const std::string& message) {
    EXPECT_DND_ERROR(read_lora(dir_.path()), ErrorKind::data, message);
  };
  write_peft_folder(dir_ / "run" / "checkpoint-5", adapter_, {}, OnExisting::refuse);
  expect("; an adapter lies within, in 'run/checkpoint-5'");
  fs::create_directories(dir_ / "models--a--b" / "snapshots" / "0f");
  dir_.file("models--a--b/snapshots/0f/adapter_config.json", "{");
  expect("; adapters lie within, in 'models--a--b/snapshots/0f', 'run/checkpoint-5'");
  fs::remove_all(dir_ / "models--a--b");
  fs::remove_all(dir_ / "run");
  fs::create_directories(dir_ / "a" / "b" / "c" / "d");
  dir_.file("a/b/c/d/adapter_config.json", "{}");
  EXPECT_EQ(nested_adapters(dir_.path()), "") << "too far down";
}

TEST_F(ReadLora, MatricesAloneTakeTheScaleOfALayout) {
  write_peft_folder(dir_ / "a", adapter_, {}, OnExisting::refuse);
  fs::rename(dir_ / "a" / kAdapterWeightsName, dir_ / "1000.safetensors");
  AdapterLayout layout;
  layout.rank = 2;
  layout.alpha = 6;
  const BaseHints hints = hints_of(layout);
  EXPECT_EQ(hints.scale, 3.0);
  const LoraAdapter read = read_lora(dir_ / "1000.safetensors", hints);
  EXPECT_EQ(read.pairs.at(0).scale, 3.0);
  EXPECT_EQ(read.pairs[0].module, adapter_.pairs[0].module);
  EXPECT_EQ(flat_values(read), flat_values(adapter_));
}

// A configuration says what a folder is: tensors of other formats beside it are passed over.
TEST_F(ReadLora, TheConfigurationGoesFirst) {
  write_peft_folder(dir_ / "a", adapter_, {}, OnExisting::refuse);
  write_diffusers_file(dir_ / "a" / kDiffusersWeightsName, adapter_, Dtype::f32,
                       OnExisting::refuse);
  EXPECT_EQ(read_lora(dir_ / "a").format, AdapterFormat::peft);
  EXPECT_EQ(read_lora(dir_ / "a" / kAdapterWeightsName).format, AdapterFormat::peft);
  EXPECT_EQ(read_lora(dir_ / "a" / kDiffusersWeightsName).format, AdapterFormat::diffusers);
}

// Files are known by their first bytes too, and weights by the configuration beside them.
TEST_F(ReadLora, FilesUnderOtherNames) {
  WriteOptions options;
  options.dtype = "f32";
  options.architecture = "Qwen2ForCausalLM";
  file_format(AdapterFormat::gguf).write(dir_ / "adapter", adapter_, options);
  EXPECT_EQ(read_lora(dir_ / "adapter").format, AdapterFormat::gguf);
  write_peft_folder(dir_ / "a", adapter_, {}, OnExisting::refuse);
  fs::rename(dir_ / "a" / kAdapterWeightsName, dir_ / "alone.safetensors");
  EXPECT_DND_ERROR(read_lora(dir_ / "alone.safetensors"), ErrorKind::data,
                   "without adapter_config.json: their alpha is unknown");
}

}  // namespace
}  // namespace dnd::adapter
