#include "tasks/prompt_conditions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::tasks {
namespace {

using formats::Metadata;
using formats::TensorSpec;

constexpr std::int64_t kPrompts = 70;  // several pieces

class PromptConditionsTest : public ::testing::Test {
 protected:
  PromptConditionsTest() {
    for (std::int64_t i = 0; i < kPrompts; ++i) texts_.push_back(cat("text ", i));
  }

  // Of each text its number, then its length.
  std::vector<float> encode(const std::vector<std::string>& texts) {
    std::vector<float> values;
    for (const std::string& text : texts) {
      values.insert(values.end(), 2, std::stof(text.substr(5)));
      values.insert(values.end(), 4, static_cast<float>(text.size()));
    }
    return values;
  }

  void write() {
    write_conditions(
        path_, plan_, texts_, [&](const auto& texts) { return encode(texts); },
        [&](double share) {
          progress_ = share;
          return true;
        });
  }

  // A file of the right key whose tensors are these.
  void damage(std::vector<TensorSpec> specs, Metadata metadata = {{"dnd.key", "key"}}) {
    std::filesystem::remove(path_);
    formats::sort_for_safetensors(specs);
    formats::SafetensorsWriter writer(path_, specs, metadata);
    for (const TensorSpec& spec : specs) writer.write(std::vector<std::byte>(spec.byte_size()));
    writer.finish();
  }

  void expect_refused(const std::string& words) {
    EXPECT_DND_ERROR(PromptConditions(path_, plan_), ErrorKind::data, path_.string());
    EXPECT_DND_ERROR(PromptConditions(path_, plan_), ErrorKind::data, words);
  }

  testing::TempDir dir_;
  std::filesystem::path path_ = dir_ / "conditions.safetensors";
  ConditionsPlan plan_{"key", kPrompts, 3, 2};
  std::vector<std::string> texts_;
  double progress_ = 0.0;
};

TEST_F(PromptConditionsTest, AreWhatWasEncoded) {
  EXPECT_FALSE(has_conditions(path_, plan_));
  write();
  EXPECT_TRUE(has_conditions(path_, plan_));
  EXPECT_EQ(progress_, 1.0);
  const PromptConditions conditions(path_, plan_);
  const std::vector<float> expected = encode(texts_);
  EXPECT_TRUE(std::ranges::equal(conditions.values(), expected));
}

TEST_F(PromptConditionsTest, OfAnotherKeyTheyAreMadeAnew) {
  write();
  plan_.key = "other";
  EXPECT_FALSE(has_conditions(path_, plan_));
  expect_refused("other prompts or by another encoder");
  write();
  EXPECT_TRUE(has_conditions(path_, plan_));
}

TEST_F(PromptConditionsTest, ShapesAndTypes) {
  for (const formats::Shape& shape : std::vector<formats::Shape>{{1},
                                                                 {0},
                                                                 {},
                                                                 {kPrompts, 2, 3},
                                                                 {3, kPrompts, 2},
                                                                 {kPrompts, 6},
                                                                 {kPrompts - 1, 3, 2},
                                                                 {kPrompts, 3, 2, 1}}) {
    damage({{"conditions", Dtype::f32, shape}});
    EXPECT_TRUE(has_conditions(path_, plan_));
    expect_refused(cat("F32 ", shape_text(shape), ", expected F32 [70, 3, 2]"));
  }
  for (const Dtype dtype : {Dtype::i8, Dtype::f16, Dtype::f64, Dtype::i32}) {
    damage({{"conditions", dtype, plan_.shape()}});
    expect_refused("expected F32 [70, 3, 2] (damaged? delete the file: it is made anew)");
  }
  damage({{"conditions", Dtype::f32, plan_.shape()}});
  PromptConditions(path_, plan_);
}

TEST_F(PromptConditionsTest, NamesAndNumberOfTensors) {
  damage({{"condition", Dtype::f32, plan_.shape()}});
  expect_refused("holds 1 tensors, 'condition' first, expected 'conditions' alone");
  damage({{"conditions", Dtype::f32, plan_.shape()}, {"more", Dtype::f32, {1}}});
  expect_refused("holds 2 tensors");
  damage({});
  expect_refused("holds 0 tensors, expected 'conditions' alone");
  damage({{"conditions", Dtype::f32, plan_.shape()}}, {});
  EXPECT_FALSE(has_conditions(path_, plan_));
}

TEST_F(PromptConditionsTest, WhatIsNoSafetensorsFile) {
  write();
  std::filesystem::resize_file(path_, 300);
  EXPECT_DND_ERROR(has_conditions(path_, plan_), ErrorKind::data, "delete the file");
  expect_refused("delete the file");
}

TEST_F(PromptConditionsTest, AnEncoderWhoseValuesAreNotFinite) {
  const auto broken = [&](const std::vector<std::string>& texts) {
    std::vector<float> values = encode(texts);
    if (texts.front() == "text 32") values[6 * 5 + 1] = std::numeric_limits<float>::infinity();
    return values;
  };
  EXPECT_DND_ERROR(write_conditions(path_, plan_, texts_, broken, [](double) { return true; }),
                   ErrorKind::data, "prompt 'text 37' encodes to inf");
  EXPECT_FALSE(path_exists(path_));
}

// Hours of encoding are not begun again: whoever is stopped or killed goes on with the next prompt.
class ConditionsPartTest : public PromptConditionsTest {
 protected:
  ConditionsPartTest() {
    write();
    whole_ = read_text_file(path_, 1U << 20U);
    std::filesystem::remove(path_);
    EXPECT_FALSE(write_conditions(
        path_, plan_, texts_, [&](const auto& texts) { return encode(texts); },
        [](double) { return false; }));
    EXPECT_EQ(testing::names_in(dir_.path()),
              std::vector<std::string>{"conditions.safetensors.part"});
  }

  // The first text that is encoded when it goes on; the file is the whole one.
  std::string goes_on_at() {
    std::string first;
    EXPECT_TRUE(write_conditions(
        path_, plan_, texts_,
        [&](const auto& texts) {
          if (first.empty()) first = texts.front();
          return encode(texts);
        },
        [](double) { return true; }));
    EXPECT_EQ(read_text_file(path_, 1U << 20U), whole_);
    EXPECT_FALSE(path_exists(part_));
    return first;
  }

  std::filesystem::path part_ = conditions_part(path_);
  std::string whole_;
};

TEST_F(ConditionsPartTest, GoesOnWhereItWasStopped) { EXPECT_EQ(goes_on_at(), "text 32"); }

TEST_F(ConditionsPartTest, ARowThatWasCutOffIsMadeAgain) {
  std::filesystem::resize_file(part_, std::filesystem::file_size(part_) - 5);
  EXPECT_EQ(goes_on_at(), "text 31");
}

TEST_F(ConditionsPartTest, RowsThatTheDiskNeverGotAreMadeAgain) {
  std::filesystem::resize_file(part_, std::filesystem::file_size(part_) - 48);
  std::filesystem::resize_file(part_, std::filesystem::file_size(part_) + 48);
  EXPECT_EQ(goes_on_at(), "text 30");
}

TEST_F(ConditionsPartTest, AHeaderThatWasCutOffIsBegunAgain) {
  std::filesystem::resize_file(part_, 50);
  EXPECT_EQ(goes_on_at(), "text 0");
}

TEST_F(ConditionsPartTest, OfAnotherKeyItIsBegunAnew) {
  plan_.key = "other";
  std::string first;
  EXPECT_TRUE(write_conditions(
      path_, plan_, texts_,
      [&](const auto& texts) {
        if (first.empty()) first = texts.front();
        return encode(texts);
      },
      [](double) { return true; }));
  EXPECT_EQ(first, "text 0");
  EXPECT_TRUE(has_conditions(path_, plan_));
}

TEST_F(ConditionsPartTest, WhatIsSomebodyElsesStays) {
  std::filesystem::remove(part_);
  const auto call = [&] {
    return write_conditions(
        path_, plan_, texts_, [&](const auto& texts) { return encode(texts); },
        [](double) { return true; });
  };
  dir_.file("conditions.safetensors.part", "years of work");
  EXPECT_DND_ERROR(call(), ErrorKind::cannot_create, "will not be replaced");
  EXPECT_EQ(read_text_file(part_, 100), "years of work");
  std::filesystem::remove(part_);
  std::filesystem::create_symlink("elsewhere", part_);
  EXPECT_DND_ERROR(call(), ErrorKind::cannot_create, part_.string());
}

}  // namespace
}  // namespace dnd::tasks
