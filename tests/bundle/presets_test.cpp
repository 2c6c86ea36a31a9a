#include <gtest/gtest.h>

#include <cmath>

#include "bundle/write_bundle.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::bundle {
namespace {

using testing::data_path;
using testing::TempDir;

const auto kPresetFolder = data_path("../../models/presets");

// What docs and paper say of the released configurations, to the digits given.
struct Expected {
  const char* name;
  std::int64_t tokens;
  std::int64_t prompts;
  std::int64_t max_length;
  double parameters;     // 10^9, without the projection
  double multiply_adds;  // 10^12
  double rounding;       // of multiply_adds
};
constexpr std::int64_t kProjectedTo = 1000;

std::int64_t projection_parameters(const GeneratorConfig& config) {
  const auto& projection = config.condition.projection;
  if (!projection) return 0;
  EXPECT_EQ(projection->to, kProjectedTo);
  return kProjectedTo * (projection->from + 1 + kProjectedTo + 1);
}

TEST(Presets, AreTheReleasedConfigurations) {
  const std::vector<Expected> expected = {
      {"qwen2.5-0.5b", 4296, 128, 384, 1.113, 4.1, 0.05},
      {"qwen2.5-1.5b-code", 4508, 16, 26624, 1.715, 13.7, 0.05},
      {"qwen2.5-1.5b-math", 4508, 32, 4608, 1.775, 19, 0.5},
      {"qwen2.5-7b-code", 4928, 16, 26624, 1.937, 26.4, 0.05},
      {"qwen2.5-7b-math", 4928, 16, 4608, 1.937, 26.4, 0.05},
      {"qwen2.5-vl-3b", 7308, 16, 1536, 2.410, 14.5, 0.051},
  };
  std::vector<std::string> names;
  for (const Expected& each : expected) {
    SCOPED_TRACE(each.name);
    names.emplace_back(each.name);
    const GeneratorConfig config = read_preset(kPresetFolder, each.name);
    EXPECT_EQ(config.name, each.name);
    EXPECT_EQ(config.layout.token_count(), each.tokens);
    EXPECT_EQ(config.condition.prompts, each.prompts);
    EXPECT_EQ(config.condition.max_length, each.max_length);
    EXPECT_EQ(config.condition.encoder, "all-MiniLM-L12-v2");
    EXPECT_EQ(config.condition.projection.has_value(), each.max_length > 2000);
    const std::int64_t decoder = config.decoder_parameters() - projection_parameters(config);
    EXPECT_NEAR(static_cast<double>(decoder) * 1e-9, each.parameters, 0.0005);
    EXPECT_NEAR(config.multiply_adds() * 1e-12, each.multiply_adds, each.rounding);
    EXPECT_TRUE(config.layout.heads);
  }
  EXPECT_EQ(preset_names(kPresetFolder), names);
}

TEST(Presets, ProjectionsAddALittle) {
  EXPECT_NEAR(projection_parameters(read_preset(kPresetFolder, "qwen2.5-7b-math")) * 1e-6, 5.6,
              0.05);
  EXPECT_NEAR(projection_parameters(read_preset(kPresetFolder, "qwen2.5-7b-code")) * 1e-6, 27.6,
              0.05);
}

TEST(Presets, UnknownNamesAreListed) {
  EXPECT_DND_ERROR(read_preset(kPresetFolder, "qwen2.5-0.5"), ErrorKind::usage,
                   "preset 'qwen2.5-0.5' is not known (did you mean 'qwen2.5-0.5b'?); presets: "
                   "qwen2.5-0.5b qwen2.5-1.5b-code");
  EXPECT_DND_ERROR(read_preset(kPresetFolder, "../presets/qwen2.5-0.5b"), ErrorKind::usage,
                   "not known");
  EXPECT_DND_ERROR(read_preset("/nowhere", "x"), ErrorKind::usage, "presets:");
}

TEST(Presets, OwnFilesAreChecked) {
  const TempDir dir;
  Json json = read_json_file(kPresetFolder / "qwen2.5-0.5b.json", "preset");
  const auto read = [&] {
    dir.file("p.json", json_line(json));
    return read_preset(dir.path(), "p");
  };
  EXPECT_EQ(read().name, "p");  // the file's name counts
  json["decoder"]["kernel"] = 8;
  EXPECT_DND_ERROR(read(), ErrorKind::data, "preset: p: kernel size 8");
  for (const auto& [format, message] :
       {std::pair(Json("dnd-generator"), "'format' is 'dnd-generator', expected 'dnd-preset'"),
        std::pair(Json(1), "'format': expected a string, got number")}) {
    json["format"] = format;
    EXPECT_DND_ERROR(read(), ErrorKind::data, message);
  }
  json = Json::array();
  EXPECT_DND_ERROR(read(), ErrorKind::data, "preset: p: expected an object, got array");
}

}  // namespace
}  // namespace dnd::bundle
