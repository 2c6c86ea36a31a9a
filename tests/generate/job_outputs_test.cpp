#include "generate/job_outputs.h"

#include <gmock/gmock.h>

#include "generate/nano_generator.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::generate {
namespace {

namespace fs = std::filesystem;
using adapter::AdapterFormat;

class JobOutputsTest : public ::testing::Test {
 protected:
  JobOutputs outputs(bool force = false, bool resume = false) const {
    return {nano_.generator().config,
            {{AdapterFormat::peft, AdapterFormat::mlx}, "", force, resume}};
  }
  std::vector<Job> jobs(const std::vector<std::string>& names) const {
    std::vector<Job> all;
    for (const std::string& name : names) all.push_back({nullptr, 0, dir_ / name});
    return all;
  }

  dnd::testing::NanoGenerator nano_;
  dnd::testing::TempDir dir_;
};

TEST_F(JobOutputsTest, FreePlacesMayBeWritten) {
  EXPECT_NO_THROW(outputs().check(jobs({"x", "y"}), {nano_.generator().folder, "", "-"}));
}

TEST_F(JobOutputsTest, TwoJobsMayNotHaveOnePlace) {
  EXPECT_DND_ERROR(outputs().check(jobs({"x", "x.mlx"}), {}), ErrorKind::data,
                   "x.mlx: two artefacts of this call");
  EXPECT_DND_ERROR(outputs().check(jobs({"x", "y/../x"}), {}), ErrorKind::data, "two artefacts");
}

TEST_F(JobOutputsTest, InputsAreNotReplaced) {
  fs::create_directory(dir_ / "x");
  dir_.file("x/adapter_model.safetensors", "");
  EXPECT_DND_ERROR(outputs(true).check(jobs({"x"}), {dir_ / "x/adapter_model.safetensors"}),
                   ErrorKind::cannot_create, "adapter_model.safetensors");
}

TEST_F(JobOutputsTest, WhatMayBeReplacedOrKeptMayBeThere) {
  fs::create_directory(dir_ / "x");
  dir_.file("x/adapter_config.json", "{}");
  EXPECT_NO_THROW(outputs().check(jobs({"x"}), {}));
  EXPECT_NO_THROW(outputs(true).check(jobs({"x"}), {}));
  EXPECT_NO_THROW(outputs(false, true).check(jobs({"x"}), {}));
  dir_.file("x/notes.txt", "mine");
  for (const bool force : {true, false}) {
    EXPECT_DND_ERROR(outputs(force, !force).check(jobs({"x"}), {}), ErrorKind::cannot_create,
                     "notes.txt");
  }
}

TEST_F(JobOutputsTest, AFormatMustHoldTheLayout) {
  bundle::GeneratorConfig config = nano_.generator().config;
  config.layout.architecture = "NobodysForCausalLM";
  EXPECT_DND_ERROR(JobOutputs(config, {{AdapterFormat::gguf}, "", false, false}), ErrorKind::data,
                   "NobodysForCausalLM");
}

TEST(DtypeOf, TheFormatsOwnUnlessGiven) {
  EXPECT_EQ(dtype_of(AdapterFormat::peft, ""), "bf16");
  EXPECT_EQ(dtype_of(AdapterFormat::gguf, ""), "f32");
  EXPECT_EQ(dtype_of(AdapterFormat::gguf, "q8_0"), "q8_0");
}

}  // namespace
}  // namespace dnd::generate
