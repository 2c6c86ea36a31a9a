#include "bundle/write_bundle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "base/sha256.h"
#include "formats/torch_checkpoint.h"
#include "support/checkpoint_writer.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::bundle {
namespace {

namespace fs = std::filesystem;
using formats::CheckpointTensor;
using formats::SafetensorsFile;
using formats::TorchCheckpoint;
using testing::data_path;
using ::testing::HasSubstr;
using testing::names_in;
using ::testing::Not;

const std::vector<std::string> kFolder = {"README.md", "decoder.safetensors", "generator.json"};
const fs::path kGolden = data_path("decoder/plain-k3/decoder.pth");

std::string content(const fs::path& path) { return read_text_file(path, 1U << 20U); }

class Bundle : public ::testing::Test {
 protected:
  ImportOptions options(Dtype dtype = Dtype::f32) const {
    ImportOptions options;
    options.dtype = dtype;
    options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
    return options;
  }

  GeneratorConfig import(const fs::path& checkpoint, Dtype dtype = Dtype::f32,
                         OnExisting on_existing = OnExisting::refuse) const {
    return import_checkpoint(checkpoint, out_, options(dtype), on_existing, {});
  }

  // plain-k3 with `value` somewhere in its last tensor.
  fs::path checkpoint_with(float value) const {
    const TorchCheckpoint file(kGolden);
    std::vector<testing::CheckpointEntry> entries;
    for (const CheckpointTensor& tensor : file.tensors()) {
      entries.push_back({tensor.name, tensor.shape, file.read_f32(tensor)});
    }
    entries.back().values[1] = value;
    return dir_.file("changed.pth", testing::checkpoint_bytes(entries));
  }

  GeneratorConfig create(std::uint64_t seed, Dtype dtype = Dtype::f32) const {
    GeneratorConfig config = describe_checkpoint(kGolden, options(dtype));
    config.name = "random";
    return create_untrained(config, seed, out_, OnExisting::replace, {});
  }

  SafetensorsFile weights() const { return SafetensorsFile(out_ / kDecoderWeightsName); }

  testing::TempDir dir_;
  fs::path out_ = dir_ / "bundle";
};

TEST_F(Bundle, ImportWritesTheTensorsOfTheCheckpoint) {
  const GeneratorConfig config = import(kGolden);
  EXPECT_EQ(names_in(out_), kFolder);
  EXPECT_EQ(names_in(dir_.path()), std::vector<std::string>{"bundle"});
  const TorchCheckpoint source(kGolden);
  const SafetensorsFile stored = weights();
  EXPECT_EQ(stored.metadata(), (formats::Metadata{{"format", "pt"}}));
  ASSERT_EQ(stored.tensors().size(), source.tensors().size());
  for (const CheckpointTensor& tensor : source.tensors()) {
    EXPECT_EQ(stored.at(tensor.name).dtype, Dtype::f32);
    EXPECT_EQ(stored.read_f32(tensor.name, &tensor.shape), source.read_f32(tensor));
  }
  EXPECT_EQ(config.weights_sha256, sha256_hex_of_file(out_ / kDecoderWeightsName));
  EXPECT_EQ(generator_to_json(read_bundle(out_)), generator_to_json(config));
}

TEST_F(Bundle, ImportRoundsToF16) {
  EXPECT_EQ(import(kGolden, Dtype::f16).weights_dtype, Dtype::f16);
  const TorchCheckpoint source(kGolden);
  const SafetensorsFile stored = weights();
  for (const CheckpointTensor& tensor : source.tensors()) {
    EXPECT_EQ(stored.at(tensor.name).dtype, Dtype::f16);
    std::vector<float> expected = source.read_f32(tensor);
    for (float& value : expected) value = f16_to_f32(f32_to_f16(value));
    EXPECT_EQ(stored.read_f32(tensor.name, &tensor.shape), expected) << tensor.name;
  }
  EXPECT_EQ(read_bundle(out_).weights_dtype, Dtype::f16);
}

TEST_F(Bundle, ImportTellsHowFarItIs) {
  std::uint64_t last = 0;
  std::uint64_t whole = 0;
  import_checkpoint(kGolden, out_, options(), OnExisting::refuse,
                    [&](std::uint64_t done, std::uint64_t total) {
                      EXPECT_GE(done, last);
                      EXPECT_LE(done, total);
                      last = done;
                      whole = total;
                    });
  EXPECT_EQ(last, whole);
  std::uint64_t bytes = 0;
  const SafetensorsFile stored = weights();
  for (const formats::TensorView& tensor : stored.tensors()) bytes += tensor.bytes.size();
  EXPECT_EQ(whole, bytes);
}

TEST_F(Bundle, WeightsThatAreNotFiniteAreRefusedWithoutATrace) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  using Case = std::tuple<Dtype, float, const char*>;
  for (const auto& [dtype, value, message] :
       {Case(Dtype::f32, kInfinity, "holds inf, not a finite F32 (checkpoint damaged?)"),
        Case(Dtype::f32, NAN, "holds nan, not a finite F32 (checkpoint damaged?)"),
        Case(Dtype::f16, NAN, "holds nan, not a finite F16 (checkpoint damaged?)"),
        Case(Dtype::f16, -65520.0F, "holds -65520, not a finite F16 (keep f32)")}) {
    const fs::path checkpoint = checkpoint_with(value);
    EXPECT_DND_ERROR(import(checkpoint, dtype), ErrorKind::data, message);
    EXPECT_EQ(names_in(dir_.path()), std::vector<std::string>{"changed.pth"});
  }
  EXPECT_NO_THROW(import(checkpoint_with(65519.0F), Dtype::f16));
}

TEST_F(Bundle, OnlyBundlesAreReplaced) {
  import(kGolden);
  EXPECT_DND_ERROR(import(kGolden), ErrorKind::cannot_create, "exists already");
  std::ofstream(out_ / "leftover") << "x";
  EXPECT_NO_THROW(import(kGolden, Dtype::f16, OnExisting::replace));
  EXPECT_EQ(names_in(out_), kFolder);
  EXPECT_DND_ERROR(import(checkpoint_with(NAN), Dtype::f32, OnExisting::replace), ErrorKind::data,
                   "nan");
  EXPECT_EQ(read_bundle(out_).weights_dtype, Dtype::f16) << "the old bundle stays";
  fs::remove(out_ / kGeneratorConfigName);
  EXPECT_DND_ERROR(import(kGolden, Dtype::f32, OnExisting::replace), ErrorKind::cannot_create,
                   out_.string() +
                       ": exists and is not a bundle (no generator.json); it will not "
                       "be replaced");
  EXPECT_TRUE(fs::exists(out_ / kDecoderWeightsName));
}

TEST_F(Bundle, CardSaysWhatItIs) {
  const GeneratorConfig config = import(kGolden);
  std::string card = content(out_ / "README.md");
  EXPECT_THAT(card, HasSubstr("| base model | example/nano |\n"));
  EXPECT_THAT(card, HasSubstr("| prompts | 4 of 12 tokens |\n"));
  EXPECT_THAT(card, HasSubstr("sha256 " + config.weights_sha256));
  EXPECT_THAT(card, Not(HasSubstr("Untrained")));
  create(1);
  EXPECT_THAT(content(out_ / "README.md"), HasSubstr("**Untrained: the weights are random."));
}

TEST_F(Bundle, UntrainedWeightsDependOnTheSeedAlone) {
  const std::string first = create(1).weights_sha256;
  EXPECT_EQ(create(1).weights_sha256, first);
  EXPECT_NE(create(2).weights_sha256, first);
  EXPECT_EQ(first, "679f0ac588770d7dcbdd86b4bb43fada7a560adc1ae3bef407ff2a9a647f63d2");
  create(1);
  const auto values = weights().read_f32("model.decoder.module_list.0.linear1.conv1w.weight");
  EXPECT_FLOAT_EQ(values[0], 0.0237949602F);
  EXPECT_FLOAT_EQ(values[1], -0.102504641F);
}

TEST_F(Bundle, UntrainedWeightsAreUniformAndMarked) {
  const GeneratorConfig config = create(3);
  EXPECT_TRUE(read_bundle(out_).untrained);
  EXPECT_EQ(config.provenance.at("source"), "random weights, seed 3");
  const SafetensorsFile stored = weights();
  const std::vector<ParameterSpec> parameters = decoder_parameters(config);
  EXPECT_EQ(stored.tensors().size(), parameters.size());
  for (const ParameterSpec& parameter : parameters) {
    SCOPED_TRACE(parameter.name);
    const std::vector<float> values = stored.read_f32(parameter.name, &parameter.shape);
    if (parameter.fan_in == 0) {
      const float constant = parameter.name.ends_with("norm.weight") ? 1.0F : 0.0F;
      EXPECT_EQ(values, std::vector<float>(values.size(), constant));
      continue;
    }
    const double bound = 1.0 / std::sqrt(static_cast<double>(parameter.fan_in));
    double squares = 0.0;
    for (const float value : values) {
      EXPECT_LE(std::abs(static_cast<double>(value)), bound * (1.0 + 1e-6));
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    // Uniform: variance bound^2 / 3.
    EXPECT_NEAR(3.0 * squares / static_cast<double>(values.size()) / (bound * bound), 1.0, 0.15);
  }
}

TEST_F(Bundle, UntrainedChecksTheConfiguration) {
  GeneratorConfig config = describe_checkpoint(kGolden, options());
  config.kernel = 4;
  EXPECT_DND_ERROR(create_untrained(config, 1, out_, OnExisting::refuse, {}), ErrorKind::data,
                   "generator: kernel size 4");
  EXPECT_FALSE(fs::exists(out_));
}

}  // namespace
}  // namespace dnd::bundle
