#include "adapter/peft.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <tuple>

#include "adapter/content_hash.h"
#include "adapter/provenance.h"
#include "base/sha256.h"
#include "base/version.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using formats::SafetensorsFile;
using testing::data_path;
using ::testing::HasSubstr;
using testing::names_in;
using ::testing::Not;
using testing::TempDir;

const std::vector<std::string> kFolder = {"README.md", "adapter_config.json",
                                          "adapter_model.safetensors"};

AdapterLayout nano() { return read_layout_file(data_path("decoder/layout.json")); }

LoraAdapter golden(const AdapterLayout& layout = nano()) {
  return read_adapter_of_layout(data_path("decoder/plain-k3/adapter_fp32.safetensors"), layout);
}

std::string text_of(const fs::path& path) { return read_text_file(path, 1U << 20U); }

class PeftFolder : public ::testing::Test {
 protected:
  WrittenFile write(LoraAdapter adapter, Dtype dtype = Dtype::f32,
                    OnExisting on_existing = OnExisting::refuse) const {
    adapter.metadata.merge(provenance_metadata(provenance_));
    return write_peft_folder(out_, adapter, {dtype}, on_existing);
  }

  std::string config_text() const { return text_of(out_ / kAdapterConfigName); }

  void expect_nothing_but(const std::vector<std::string>& names) const {
    EXPECT_EQ(names_in(dir_.path()), names);  // temporary names included
  }

  TempDir dir_;
  fs::path out_ = dir_ / "out";
  Provenance provenance_;
};

TEST_F(PeftFolder, HoldsWeightsConfigAndCard) {
  const WrittenFile result = write(golden());
  EXPECT_EQ(names_in(out_), kFolder);
  expect_nothing_but({"out"});
  EXPECT_EQ(result.bytes, fs::file_size(out_ / kAdapterWeightsName));
  EXPECT_EQ(result.sha256, sha256_hex_of_file(out_ / kAdapterWeightsName));
  const mode_t mask = ::umask(0);
  ::umask(mask);
  for (const std::string& name : kFolder) {
    EXPECT_EQ(static_cast<mode_t>(fs::status(out_ / name).permissions()), 0666 & ~mask) << name;
  }
}

// Sorted keys, all known to PEFT 0.13: older versions raise TypeError on newer ones.
TEST_F(PeftFolder, ConfigText) {
  write(golden());
  EXPECT_EQ(config_text(), R"({
  "base_model_name_or_path": "example/nano",
  "bias": "none",
  "fan_in_fan_out": false,
  "inference_mode": true,
  "init_lora_weights": true,
  "lora_alpha": 8,
  "lora_dropout": 0.0,
  "modules_to_save": null,
  "peft_type": "LORA",
  "r": 4,
  "target_modules": [
    "q_proj",
    "k_proj",
    "v_proj",
    "o_proj",
    "up_proj",
    "gate_proj",
    "down_proj"
  ],
  "task_type": "CAUSAL_LM",
  "use_dora": false,
  "use_rslora": false
}
)");
  AdapterLayout nameless = nano();
  nameless.base_model.clear();
  write(golden(nameless), Dtype::f32, OnExisting::replace);
  EXPECT_THAT(config_text(), HasSubstr(R"("base_model_name_or_path": null,)"));
}

TEST_F(PeftFolder, ConfigKeysAreThoseOfPeft013) {
  const std::set<std::string> known = {"peft_type",
                                       "auto_mapping",
                                       "base_model_name_or_path",
                                       "revision",
                                       "task_type",
                                       "inference_mode",
                                       "r",
                                       "target_modules",
                                       "lora_alpha",
                                       "lora_dropout",
                                       "fan_in_fan_out",
                                       "bias",
                                       "use_rslora",
                                       "modules_to_save",
                                       "init_lora_weights",
                                       "layers_to_transform",
                                       "layers_pattern",
                                       "rank_pattern",
                                       "alpha_pattern",
                                       "megatron_config",
                                       "megatron_core",
                                       "loftq_config",
                                       "use_dora",
                                       "layer_replication"};
  std::string previous;
  write(golden());
  const Json config = parse_json(config_text(), "config");
  for (const auto& [key, value] : config.items()) {
    EXPECT_TRUE(known.contains(key)) << key;
    EXPECT_LT(previous, key) << "keys are sorted";
    previous = key;
  }
}

TEST_F(PeftFolder, MetadataSaysWhereItComesFrom) {
  write(golden());
  using Metadata = formats::Metadata;
  EXPECT_EQ(
      SafetensorsFile(out_ / kAdapterWeightsName).metadata(),
      (Metadata{
          {"dnd.architecture", "Qwen2ForCausalLM"}, {"dnd.version", version()}, {"format", "pt"}}));
  provenance_ = {
      .generator = "g", .untrained = true, .prompts_used = 3, .prompts_distinct = 2, .seed = 7};
  write(golden(), Dtype::f32, OnExisting::replace);
  Metadata metadata = SafetensorsFile(out_ / kAdapterWeightsName).metadata();
  EXPECT_EQ(metadata.extract(kContentKey).mapped().size(), 64U);
  EXPECT_EQ(metadata, (Metadata{{"dnd.architecture", "Qwen2ForCausalLM"},
                                {"dnd.generator", "g"},
                                {"dnd.prompts_distinct", "2"},
                                {"dnd.prompts_used", "3"},
                                {"dnd.seed", "7"},
                                {"dnd.untrained", "true"},
                                {"dnd.variant", "0"},
                                {"dnd.version", version()},
                                {"format", "pt"}}));
}

TEST_F(PeftFolder, CardWarnsOfUntrainedGeneratorsAndLargeRanks) {
  write(golden());
  std::string card = text_of(out_ / kCardName);
  EXPECT_TRUE(card.starts_with("---\nlibrary_name: peft\nbase_model: \"example/nano\"\n")) << card;
  EXPECT_THAT(card, Not(HasSubstr("untrained")));
  EXPECT_THAT(card, Not(HasSubstr("--max-lora-rank")));
  provenance_.untrained = true;
  LoraAdapter wide = golden();
  wide.pairs[0].rank = 32;
  wide.pairs[0].a.resize(32 * 24);
  wide.pairs[0].b.resize(24 * 32);
  write(wide, Dtype::f32, OnExisting::replace);
  card = text_of(out_ / kCardName);
  EXPECT_THAT(card, HasSubstr("untrained"));
  EXPECT_THAT(card, HasSubstr("`--max-lora-rank 32`"));
}

TEST_F(PeftFolder, ReadsBackExactly) {
  const LoraAdapter adapter = golden();
  write(adapter);
  const std::vector<LoraAdapter> read = {read_adapter_of_layout(out_, nano()),
                                         read_adapter_of_layout(out_ / kAdapterWeightsName, nano()),
                                         read_peft_folder(out_)};
  for (const LoraAdapter& back : read) {
    ASSERT_EQ(back.pairs.size(), adapter.pairs.size());
    for (const LoraPair& pair : adapter.pairs) {
      const LoraPair* found = back.find(pair.module);
      ASSERT_NE(found, nullptr) << pair.module;
      EXPECT_EQ(found->key, pair.key);
      EXPECT_EQ(std::tuple(found->rank, found->in, found->out, found->scale),
                std::tuple(pair.rank, pair.in, pair.out, pair.scale));
      EXPECT_EQ(found->a, pair.a);
      EXPECT_EQ(found->b, pair.b);
    }
  }
}

TEST_F(PeftFolder, TheSameCallWritesTheSameBytes) {
  const std::string first = write(golden()).sha256;
  LoraAdapter shuffled = golden();
  std::reverse(shuffled.pairs.begin(), shuffled.pairs.end());
  EXPECT_EQ(write(shuffled, Dtype::f32, OnExisting::replace).sha256, first);
}

TEST_F(PeftFolder, RoundsToTheElementType) {
  LoraAdapter adapter = golden();
  for (const auto& [dtype, round] :
       {std::pair(
            Dtype::f16, +[](float v) { return f16_to_f32(f32_to_f16(v)); }),
        std::pair(
            Dtype::bf16, +[](float v) { return bf16_to_f32(f32_to_bf16(v)); })}) {
    write(adapter, dtype, OnExisting::replace);
    const SafetensorsFile file(out_ / kAdapterWeightsName);
    std::size_t next = 0;
    for (const FactorLayout& factor : nano().factors()) {
      EXPECT_EQ(file.at(factor.key).dtype, dtype);
      const std::vector<float> stored = file.read_f32(factor.key);
      const std::vector<float>& values = factor_values(adapter, next++);
      ASSERT_EQ(stored.size(), values.size()) << factor.key;
      for (std::size_t i = 0; i < stored.size(); ++i) {
        ASSERT_EQ(stored[i], round(values[i])) << factor.key;
      }
    }
  }
}

TEST_F(PeftFolder, ValuesThatTheTypeCannotHoldAreRefusedWithoutATrace) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kLargest = std::numeric_limits<float>::max();
  using Case = std::tuple<Dtype, float, const char*>;
  for (const auto& [dtype, value, message] :
       {Case(Dtype::f32, kInfinity, "value inf at position 2 is not finite as F32 (generator"),
        Case(Dtype::bf16, -kInfinity, "value -inf at position 2 is not finite as BF16 (generator"),
        Case(Dtype::f16, NAN, "value nan at position 2 is not finite as F16 (generator"),
        Case(Dtype::f16, 65520.0F, "value 65520 at position 2 is not finite as F16 (choose"),
        Case(Dtype::bf16, kLargest, "is not finite as BF16 (choose another --adapter-dtype)")}) {
    LoraAdapter adapter = golden();
    adapter.pairs[2].b[2] = value;
    EXPECT_DND_ERROR(write(adapter, dtype), ErrorKind::data,
                     "adapter: tensor '" + adapter.pairs[2].key + ".lora_B.weight': value ");
    EXPECT_DND_ERROR(write(adapter, dtype), ErrorKind::data, message);
    expect_nothing_but({});
  }
  LoraAdapter adapter = golden();
  adapter.pairs[2].b[2] = 65519.0F;
  EXPECT_NO_THROW(write(adapter, Dtype::f16));
}

TEST_F(PeftFolder, AFailureLeavesTheOldFolder) {
  const std::string old = write(golden()).sha256;
  LoraAdapter broken = golden();
  broken.pairs.back().b[0] = NAN;
  EXPECT_DND_ERROR(write(broken, Dtype::f32, OnExisting::replace), ErrorKind::data, "nan");
  EXPECT_EQ(sha256_hex_of_file(out_ / kAdapterWeightsName), old);
  EXPECT_EQ(names_in(out_), kFolder);
  expect_nothing_but({"out"});
}

TEST_F(PeftFolder, OnlyAdaptersAreReplaced) {
  fs::create_directory(out_);
  EXPECT_NO_THROW(write(golden())) << "an empty folder counts as absent";
  EXPECT_DND_ERROR(write(golden()), ErrorKind::cannot_create, "exists already");
  std::ofstream(out_ / "adapter_model.bin") << "old";
  EXPECT_DND_ERROR(write(golden(), Dtype::f32, OnExisting::replace), ErrorKind::cannot_create,
                   "holds 'adapter_model.bin', which is no part of a PEFT adapter");
  fs::remove(out_ / "adapter_model.bin");
  EXPECT_NO_THROW(write(golden(), Dtype::f32, OnExisting::replace));
  EXPECT_EQ(names_in(out_), kFolder);
  fs::remove(out_ / kAdapterConfigName);
  EXPECT_DND_ERROR(write(golden(), Dtype::f32, OnExisting::replace), ErrorKind::cannot_create,
                   out_.string() + ": exists and is not a PEFT adapter (no adapter_config.json)");
  EXPECT_TRUE(fs::exists(out_ / kAdapterWeightsName));
  fs::remove_all(out_);
  dir_.file("out", "a file");
  EXPECT_DND_ERROR(write(golden(), Dtype::f32, OnExisting::replace), ErrorKind::cannot_create,
                   "will not be replaced");
  EXPECT_EQ(text_of(out_), "a file");
}

TEST_F(PeftFolder, ReadsNothingElse) {
  const auto read = [](const fs::path& path) { return read_adapter_of_layout(path, nano()); };
  EXPECT_DND_ERROR(read(out_), ErrorKind::no_input, out_.string());
  fs::create_directory(out_);
  EXPECT_DND_ERROR(read(out_), ErrorKind::no_input, kAdapterWeightsName);
  std::ofstream(out_ / "adapter_model.bin") << "a pickle";
  EXPECT_DND_ERROR(read(out_), ErrorKind::data, "adapter_model.bin: not a file of torch.save");
  EXPECT_DND_ERROR(read(data_path("safetensors/shapes.safetensors")), ErrorKind::data,
                   "expected a float type");
}

TEST_F(PeftFolder, MatricesOfALayoutAreThoseThatItNames) {
  write(golden());
  const fs::path file = out_ / kAdapterWeightsName;
  AdapterLayout layout = nano();
  layout.blocks[0].modules.pop_back();
  EXPECT_EQ(read_adapter_of_layout(file, layout).pairs.size(),
            golden().pairs.size() - static_cast<std::size_t>(layout.blocks[0].count))
      << "more tensors do no harm";
  layout = nano();
  layout.blocks[0].modules[0].out += 1;
  const std::string key = golden().pairs[0].key + ".lora_B.weight";
  EXPECT_DND_ERROR(
      read_adapter_of_layout(file, layout), ErrorKind::data,
      file.string() + ": tensor '" + key + "': shape [24, 4], the layout needs [25, 4]");
  layout = nano();
  layout.key_prefix = "other.";
  EXPECT_DND_ERROR(read_adapter_of_layout(file, layout), ErrorKind::data,
                   "has no tensor 'other.model.layers.0.self_attn.q_proj.lora_A.weight'");
}

}  // namespace
}  // namespace dnd::adapter
