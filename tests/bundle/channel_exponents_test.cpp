#include "bundle/channel_exponents.h"

#include <gtest/gtest.h>

#include <cstring>
#include <tuple>

#include "bundle/write_bundle.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::bundle {
namespace {

namespace fs = std::filesystem;
using formats::SafetensorsFile;
using testing::data_path;

const std::string kWeight = "model.decoder.module_list.2.linear1.conv2w.weight";  // (14, 9, 3, 3)

// A bundle of plain-k3 in which tensors are put beside or instead of what the import wrote.
class ChannelExponents : public ::testing::Test {
 protected:
  ChannelExponents() : config_(import()) {}

  GeneratorConfig import() const {
    ImportOptions options;
    options.dtype = Dtype::f16;
    options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
    return import_checkpoint(data_path("decoder/plain-k3/decoder.pth"), dir_ / "bundle", options,
                             OnExisting::refuse, {});
  }

  fs::path weights() const { return dir_ / "bundle" / kDecoderWeightsName; }

  // With `spec`, all bytes of which are those of `value`, or without a tensor of that name.
  SafetensorsFile changed(const formats::TensorSpec& spec, std::int32_t value,
                          bool left_out = false) const {
    const SafetensorsFile file(weights());
    std::vector<formats::TensorSpec> specs;
    for (const formats::TensorView& view : file.tensors()) {
      if (view.name != spec.name) specs.push_back({view.name, view.dtype, view.shape});
    }
    if (!left_out) specs.push_back(spec);
    formats::sort_for_safetensors(specs);
    const fs::path path = dir_ / "changed.safetensors";
    fs::remove(path);
    formats::SafetensorsWriter writer(path, specs, {});
    for (const formats::TensorSpec& each : specs) {
      if (each.name != spec.name) {
        writer.write(file.at(each.name).bytes);
        continue;
      }
      std::vector<std::byte> bytes(each.byte_size());
      for (std::size_t i = 0; i + sizeof(value) <= bytes.size(); i += sizeof(value)) {
        std::memcpy(bytes.data() + i, &value, sizeof(value));
      }
      writer.write(bytes);
    }
    writer.finish();
    return SafetensorsFile(path);
  }

  testing::TempDir dir_;
  GeneratorConfig config_;
};

TEST_F(ChannelExponents, AreReadBesideTheirWeight) {
  const SafetensorsFile file = changed({exponents_name(kWeight), Dtype::i32, {14}}, -112);
  EXPECT_NO_THROW(check_channel_exponents(config_, file));
  EXPECT_EQ(read_channel_exponents(file, file.at(kWeight)), std::vector<std::int32_t>(14, -112));
  EXPECT_EQ(powers_of_two({-112, 0, 3}), (std::vector<float>{0x1p-112F, 1.0F, 8.0F}));
}

TEST_F(ChannelExponents, AreOptional) {
  const SafetensorsFile file = changed({exponents_name(kWeight), Dtype::i32, {14}}, 0, true);
  EXPECT_NO_THROW(check_channel_exponents(config_, file));
  EXPECT_EQ(read_channel_exponents(file, file.at(kWeight)), std::vector<std::int32_t>{});
}

TEST_F(ChannelExponents, NamesWhatIsWrong) {
  using Case = std::tuple<formats::TensorSpec, std::int32_t, const char*>;
  const std::string name = exponents_name(kWeight);
  const std::string bias = "model.decoder.module_list.1.linear2.bias";
  for (const auto& [spec, value, message] : {
           Case({name, Dtype::i32, {8}}, 1, "conv2w.weight.exponents': I32 [8], expected I32 [14]"),
           Case({name, Dtype::i32, {14, 1}}, 1, "I32 [14, 1], expected I32 [14]"),
           Case({name, Dtype::i32, {0}}, 1, "I32 [0], expected I32 [14]"),
           Case({name, Dtype::f32, {14}}, 1, "F32 [14], expected I32 [14]"),
           Case({name, Dtype::i32, {14}}, 113, "holds 113, expected exponents from -112 to 112"),
           Case({name, Dtype::i32, {14}}, INT32_MIN, "holds -2147483648, expected exponents from"),
           Case({"x.exponents", Dtype::i32, {14}}, 1,
                "'x.exponents': the generator has no convolution with a weight 'x'"),
           Case({exponents_name(bias), Dtype::i32, {6}}, 1,
                "linear2.bias.exponents': the generator has no convolution with a weight"),
           Case({kWeight, Dtype::f32, {14, 9, 3, 3}}, 0,
                "belongs to a weight F32 [14, 9, 3, 3], expected F16 (Cout, Cin, k, k)"),
       }) {
    const SafetensorsFile file = changed(spec, value);
    EXPECT_DND_ERROR(check_channel_exponents(config_, file), ErrorKind::data, message);
    EXPECT_DND_ERROR(check_channel_exponents(config_, file), ErrorKind::data,
                     "weights: " + file.path().string());
  }
}

TEST_F(ChannelExponents, AreThereIfTheConfigurationSaysSo) {
  EXPECT_EQ(checked_weights(dir_ / "bundle"), weights());
  config_.channel_exponents = false;
  EXPECT_DND_ERROR(check_channel_exponents(config_, SafetensorsFile(weights())), ErrorKind::data,
                   "holds exponents of channels, generator.json does not say so (files of two");
  const fs::path plain = dir_.file("plain.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
  EXPECT_NO_THROW(check_channel_exponents(config_, SafetensorsFile(plain)));
  config_.channel_exponents = true;
  EXPECT_DND_ERROR(check_channel_exponents(config_, SafetensorsFile(plain)), ErrorKind::data,
                   "holds no exponents of channels, generator.json says it does (files of two");
}

}  // namespace
}  // namespace dnd::bundle
