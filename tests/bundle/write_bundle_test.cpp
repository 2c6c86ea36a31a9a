#include "bundle/write_bundle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
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

const std::string kConvolution = "model.decoder.module_list.1.linear2.weight";
const std::string kBias = "model.decoder.module_list.1.linear2.bias";

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

  // plain-k3 with `value` somewhere in one of its tensors.
  fs::path checkpoint_with(float value, const std::string& name = kConvolution) const {
    const TorchCheckpoint file(kGolden);
    std::vector<testing::CheckpointEntry> entries;
    for (const CheckpointTensor& tensor : file.tensors()) {
      entries.push_back({tensor.name, tensor.shape, file.read_f32(tensor)});
      if (tensor.name == name) entries.back().values[1] = value;
    }
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

// Each weight of a convolution to eleven binary digits, none too small for that; all else as it was.
TEST_F(Bundle, ImportRoundsConvolutionsToF16) {
  const GeneratorConfig config = import(kGolden, Dtype::f16);
  EXPECT_EQ(config.weights_dtype, Dtype::f16);
  EXPECT_TRUE(config.channel_exponents);
  const TorchCheckpoint source(kGolden);
  const SafetensorsFile stored = weights();
  std::size_t scaled = 0;
  for (const CheckpointTensor& tensor : source.tensors()) {
    SCOPED_TRACE(tensor.name);
    const std::vector<float> expected = source.read_f32(tensor);
    const std::vector<float> values = stored.read_f32(tensor.name, &tensor.shape);
    if (tensor.shape.size() != 4 || tensor.name == "criterion_weight") {
      EXPECT_EQ(stored.at(tensor.name).dtype, Dtype::f32);
      EXPECT_EQ(values, expected);
      continue;
    }
    ASSERT_EQ(stored.at(tensor.name).dtype, Dtype::f16);
    std::vector<std::int32_t> exponents(static_cast<std::size_t>(tensor.shape[0]), 0);
    if (const auto* view = stored.find(tensor.name + ".exponents")) {
      ASSERT_EQ(view->dtype, Dtype::i32);
      ASSERT_EQ(view->shape, (formats::Shape{tensor.shape[0]}));
      std::memcpy(exponents.data(), view->bytes.data(), view->bytes.size());
      ++scaled;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float scaled_back =
          std::ldexp(values[i], exponents[i * exponents.size() / values.size()]);
      ASSERT_GE(std::abs(values[i]), 0x1p-14F);
      ASSERT_LE(std::abs(scaled_back - expected[i]), 0x1p-11F * std::abs(expected[i]));
    }
  }
  EXPECT_EQ(stored.tensors().size(), source.tensors().size() + scaled);
  EXPECT_GT(scaled, 0U);
  EXPECT_EQ(generator_to_json(read_bundle(out_)), generator_to_json(config));
}

TEST_F(Bundle, ImportTellsWhatRoundingLost) {
  ImportOptions to_half = options(Dtype::f16);
  std::map<std::string, RoundingLoss> losses;
  to_half.on_rounding = [&](const std::string& kind, const RoundingLoss& loss) {
    EXPECT_TRUE(losses.emplace(kind, loss).second);
  };
  import_checkpoint(kGolden, out_, to_half, OnExisting::refuse, {});
  std::vector<std::string> kinds;
  for (const auto& [kind, loss] : losses) {
    kinds.push_back(kind);
    EXPECT_GT(loss.largest, 0x1p-12);
    EXPECT_LE(loss.largest, 0x1p-11);
    EXPECT_NEAR(loss.relative_rms(), 2.1e-4, 0.2e-4);
  }
  EXPECT_THAT(kinds, ::testing::ElementsAre("linear1.conv1h", "linear1.conv1w", "linear1.conv2h",
                                            "linear1.conv2w", "linear2"));
  EXPECT_EQ(losses["linear1.conv1h"].channels, 7 + 7 + 6);
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
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  using Case = std::tuple<Dtype, std::string, float, const char*>;
  for (const auto& [dtype, name, value, message] :
       {Case(Dtype::f32, kConvolution, kInfinite,
             "holds inf, not a finite F32 (checkpoint damaged?)"),
        Case(Dtype::f32, kConvolution, NAN, "holds nan, not a finite F32 (checkpoint damaged?)"),
        Case(Dtype::f16, kConvolution, NAN, "holds nan, not a finite F32 (checkpoint damaged?)"),
        Case(Dtype::f16, kBias, -kInfinite, "holds -inf, not a finite F32 (checkpoint damaged?)"),
        Case(Dtype::f16, kConvolution, -std::numeric_limits<float>::max(),
             "holds -3.40282e+38, not a finite F16 (keep f32)")}) {
    const fs::path checkpoint = checkpoint_with(value, name);
    EXPECT_DND_ERROR(import(checkpoint, dtype), ErrorKind::data, "'" + name + "' " + message);
    EXPECT_EQ(names_in(dir_.path()), std::vector<std::string>{"changed.pth"});
  }
  EXPECT_NO_THROW(import(checkpoint_with(3.4e38F), Dtype::f16));
}

TEST_F(Bundle, OnlyBundlesAreReplaced) {
  import(kGolden);
  EXPECT_DND_ERROR(import(kGolden), ErrorKind::cannot_create, "exists already");
  std::ofstream(out_ / "leftover") << "x";
  EXPECT_DND_ERROR(import(kGolden, Dtype::f16, OnExisting::replace), ErrorKind::cannot_create,
                   "holds 'leftover', which is no part of a bundle");
  fs::remove(out_ / "leftover");
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
