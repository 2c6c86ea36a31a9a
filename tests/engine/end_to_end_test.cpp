// From text to adapter against the official code, through the engine's public door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "adapter/weight_codec.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "dnd/engine.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "text/prompts.h"
#include "text/tokenizer.h"
#include "tokenizer/encoder_tokenizer.h"

namespace dnd {
namespace {

using testing::data_path;
using testing::relative_rms;

std::unique_ptr<Engine> make_engine(EngineOptions options) {
  return std::unique_ptr<Engine>(dnd_engine_create(&options));
}

EngineOptions cpu(int threads, const char* precision = "exact") {
  return {"cpu", threads, precision};
}

struct Case {
  const char* name;
  bundle::EmptyChunk empty_chunk;
  const char* golden;
};

class EndToEnd : public ::testing::TestWithParam<Case> {
 protected:
  EndToEnd() : io_(data_path(cat("e2e/", GetParam().name, "/io.safetensors"))) {
    bundle::ImportOptions options;
    options.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
    options.empty_chunk = GetParam().empty_chunk;
    config_ = bundle::import_checkpoint(data_path(cat("e2e/", GetParam().name, "/decoder.pth")),
                                        temp_ / "bundle", options, OnExisting::refuse, {});
  }

  text::TokenBatch tokenized() const {
    const text::PromptSet set =
        text::read_prompts({data_path(cat("e2e/", GetParam().name, "/prompts.jsonl"))}, {});
    return text::tokenize(*tokenizer::load_encoder_tokenizer(DND_MINILM_DIR),
                          set.tasks.at(0).prompts,
                          static_cast<std::size_t>(config_.condition.max_length));
  }

  HostTensor generate(const EngineOptions& options) const {
    const auto engine = make_engine(options);
    engine->load_encoder(DND_MINILM_DIR);
    engine->load_decoder(config_,
                         formats::SafetensorsFile(temp_ / "bundle" / bundle::kDecoderWeightsName));
    std::vector<HostTensor> projected;
    projected.push_back(engine->project(engine->encode(tokenized(), config_)));
    return engine->decode(std::move(projected), {})[0];
  }

  testing::TempDir temp_;
  formats::SafetensorsFile io_;
  bundle::GeneratorConfig config_;
};

TEST_P(EndToEnd, TokenIdsAreIdentical) {
  const text::TokenBatch batch = tokenized();
  const auto ids = testing::read_wide<std::int64_t>(io_, "input_ids");
  const auto mask = testing::read_wide<std::int64_t>(io_, "attention_mask");
  EXPECT_TRUE(std::equal(ids.begin(), ids.end(), batch.ids.begin(), batch.ids.end()));
  EXPECT_TRUE(std::equal(mask.begin(), mask.end(), batch.mask.begin(), batch.mask.end()));
}

TEST_P(EndToEnd, TokensEqualTheOfficialCode) {
  const HostTensor tokens = generate(cpu(2));
  const std::vector<float> expected = io_.read_f32(GetParam().golden);
  EXPECT_LT(relative_rms(std::span<const float>(tokens.values), std::span<const float>(expected)),
            1e-5);
  EXPECT_EQ(tokens.values, generate(cpu(1)).values);
}

// Everything of --device cuda but the device. A process opens one library, so every test that opens it
// names this one.
void use_twin() { ::setenv("DND_CUDA_LIBRARY", DND_CUDA_TWIN, 1); }

TEST_P(EndToEnd, TheHostTwinOfADeviceIsCloseToTheOfficialCode) {
  use_twin();
  const HostTensor tokens = generate({"cuda", 2, "fast"});
  const std::vector<float> expected = io_.read_f32(GetParam().golden);
  const double error =
      relative_rms(std::span<const float>(tokens.values), std::span<const float>(expected));
  EXPECT_LT(error, 3e-3);
  EXPECT_GT(error, 1e-5);  // it does round
}

INSTANTIATE_TEST_SUITE_P(
    Cases, EndToEnd,
    ::testing::Values(Case{"e2e-plain", bundle::EmptyChunk::zero, "tokens_fp32"},
                      Case{"e2e-projected", bundle::EmptyChunk::zero, "tokens_fp32"},
                      Case{"e2e-projected", bundle::EmptyChunk::uniform,
                           "tokens_fp32_uniform_empty_chunk"}),
    [](const auto& test) { return cat("case", test.index); });

TEST(Engine, RefusesWhatIsNotThere) {
  EXPECT_DND_ERROR(make_engine({"tpu", 1, "exact"}), ErrorKind::usage, "device 'tpu'");
  EXPECT_DND_ERROR(make_engine({"cpu", 1, "fp8"}), ErrorKind::usage, "precision 'fp8'");
  EXPECT_DND_ERROR(make_engine({"cpu", -1, "exact"}), ErrorKind::usage, "threads -1");
  use_twin();
  EXPECT_DND_ERROR(make_engine({"cuda", 1, "exact"}), ErrorKind::unavailable, "precision fast");
}

TEST(Engine, LogsAtTheLevelOfItsCaller) {
  const auto said_at = [](LogLevel level) {
    EngineOptions options = cpu(1);
    options.log = {.level = level, .allow_color = false};
    ::testing::internal::CaptureStderr();
    make_engine(options);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(said_at(LogLevel::debug), ::testing::StartsWith("dnd: debug: engine: device cpu"));
  EXPECT_EQ(said_at(LogLevel::warning), "");
}

}  // namespace
}  // namespace dnd
