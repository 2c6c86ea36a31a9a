// Text encoders against transformers (golden data).
#include "nn/text_encoder.h"

#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "nn/bert_encoder.h"
#include "support/encode_batch.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "support/tensors.h"

namespace dnd::nn {
namespace {

using bundle::EmptyChunk;
using testing::data_path;
using testing::encode_batch;
using testing::relative_rms;
using testing::values_of;

text::TokenBatch golden_batch(const formats::SafetensorsFile& io) {
  text::TokenBatch batch;
  batch.prompts = io.at("input_ids").shape[0];
  batch.length = io.at("input_ids").shape[1];
  for (const auto id : testing::read_wide<std::int64_t>(io, "input_ids")) {
    batch.ids.push_back(static_cast<std::int32_t>(id));
  }
  for (const auto bit : testing::read_wide<std::int64_t>(io, "attention_mask")) {
    batch.mask.push_back(static_cast<std::uint8_t>(bit));
  }
  return batch;
}

void expect_states(const EncoderModel& model, const std::filesystem::path& io_path, double bound) {
  const formats::SafetensorsFile io(io_path);
  const at::Tensor states =
      encode_batch(ops::Workers(2), model, golden_batch(io), EmptyChunk::zero);
  EXPECT_EQ(states.sizes().vec(), io.at("last_hidden_state").shape);
  const std::vector<float> expected = io.read_f32("last_hidden_state");
  EXPECT_LT(relative_rms(values_of(states), std::span<const float>(expected)), bound);
  for (const int threads : {1, 3}) {
    const ops::Workers workers(threads);
    EXPECT_TRUE(
        at::equal(states, encode_batch(workers, model, golden_batch(io), EmptyChunk::zero)));
  }
}

void expect_golden_states(const std::filesystem::path& folder, const std::filesystem::path& io_path,
                          EncoderProducts products, double bound) {
  const c10::InferenceMode inference;
  expect_states(*load_text_encoder(folder, products), io_path, bound);
}

// What a GPU runs, on the CPU.
std::unique_ptr<EncoderModel> by_libtorch(const std::filesystem::path& folder) {
  const Json json = read_json_file(folder / "config.json", "encoder");
  JsonObject config(json, "encoder");
  return load_torch_bert(folder, config, at::kCPU);
}

TEST(TextEncoder, LibTorchsOwnOperationsEqualTransformers) {
  const c10::InferenceMode inference;
  expect_states(*by_libtorch(DND_MINILM_DIR), data_path("encoder/minilm-l6.safetensors"), 1e-5);
  expect_states(*by_libtorch(data_path("roberta")), data_path("roberta/io.safetensors"), 1e-5);
}

// A prompt of 5 tokens and one of none, whatever an empty chunk means.
TEST(TextEncoder, LibTorchsOwnOperationsReadEmptyChunksAlike) {
  const c10::InferenceMode inference;
  const ops::Workers workers(2);
  const auto ours = load_text_encoder(DND_MINILM_DIR);
  text::TokenBatch batch{2, 20, std::vector<std::int32_t>(40, 0), std::vector<std::uint8_t>(40, 0)};
  for (std::size_t i = 0; i < 5; ++i) {
    batch.ids[i] = static_cast<std::int32_t>(2000 + i);
    batch.mask[i] = 1;
  }
  for (const auto empty : {EmptyChunk::zero, EmptyChunk::uniform}) {
    const at::Tensor expected = encode_batch(workers, *ours, batch, empty);
    const at::Tensor states = encode_batch(workers, *by_libtorch(DND_MINILM_DIR), batch, empty);
    EXPECT_LT(relative_rms(values_of(states), values_of(expected)), 1e-5);
  }
}

TEST(TextEncoder, MiniLmStatesEqualTransformers) {
  expect_golden_states(DND_MINILM_DIR, data_path("encoder/minilm-l6.safetensors"),
                       EncoderProducts::onednn, 1e-5);
}

TEST(TextEncoder, RobertaStatesEqualTransformers) {
  expect_golden_states(data_path("roberta"), data_path("roberta/io.safetensors"),
                       EncoderProducts::onednn, 1e-5);
}

// The table has 40 rows; the first four are of tokens that have no position.
TEST(TextEncoder, RobertaHasFewerPositionsThanRows) {
  const c10::InferenceMode inference;
  EXPECT_EQ(load_text_encoder(data_path("roberta"))->max_positions(), 36);
}

TEST(TextEncoder, T5StatesEqualTransformers) {
  expect_golden_states(data_path("t5"), data_path("t5/io.safetensors"), EncoderProducts::onednn,
                       1e-5);
}

TEST(TextEncoder, StatesOfSixteenBitProductsAreNearTransformers) {
  expect_golden_states(DND_MINILM_DIR, data_path("encoder/minilm-l6.safetensors"),
                       EncoderProducts::int16, 1.8e-3);
  expect_golden_states(data_path("t5"), data_path("t5/io.safetensors"), EncoderProducts::int16,
                       5e-4);
}

// Two chunks of 512, the second without a token: each chunk must equal the same chunk on its own, and
// the two readings of the empty one must differ.
TEST(TextEncoder, LongPromptsAreCutIntoChunks) {
  const c10::InferenceMode inference;
  const ops::Workers workers(2);
  const auto model = load_text_encoder(DND_MINILM_DIR);
  text::TokenBatch batch{2, 2 * kChunkLength, {}, {}};
  batch.ids.assign(static_cast<std::size_t>(batch.prompts * batch.length), 0);
  batch.mask.assign(batch.ids.size(), 0);
  for (std::size_t i = 0; i < 600; ++i) {  // prompt 0: 600 tokens; prompt 1: none
    batch.ids[i] = static_cast<std::int32_t>(1000 + i);
    batch.mask[i] = 1;
  }
  const at::Tensor zero = encode_batch(workers, *model, batch, EmptyChunk::zero);
  const at::Tensor uniform = encode_batch(workers, *model, batch, EmptyChunk::uniform);
  EXPECT_TRUE(at::equal(zero[0], uniform[0]));
  EXPECT_FALSE(at::equal(zero[1], uniform[1]));
  const auto half = [](const at::Tensor& states, int index) {
    return states.narrow(0, index * kChunkLength, kChunkLength);
  };
  EXPECT_TRUE(at::equal(half(zero[1], 0), half(zero[1], 1)));
  text::TokenBatch second{1, kChunkLength, {}, {}};
  second.ids.assign(batch.ids.begin() + kChunkLength, batch.ids.begin() + 2 * kChunkLength);
  second.mask.assign(batch.mask.begin() + kChunkLength, batch.mask.begin() + 2 * kChunkLength);
  EXPECT_TRUE(
      at::equal(encode_batch(workers, *model, second, EmptyChunk::zero)[0], half(zero[0], 1)));
}

// Prompts of 700 tokens and of none, some of them equal: of 16 chunks 6 differ.
TEST(TextEncoder, EqualChunksAreSharedWithoutChangingABit) {
  const c10::InferenceMode inference;
  const auto model = load_text_encoder(data_path("t5"));
  text::TokenBatch batch{4, 4 * kChunkLength, {}, {}};
  batch.ids.assign(static_cast<std::size_t>(batch.prompts * batch.length), 0);
  batch.mask.assign(batch.ids.size(), 0);
  for (std::size_t prompt = 0; prompt < 3; ++prompt) {
    for (std::size_t i = 0; i < 700; ++i) {
      const std::size_t at = prompt * static_cast<std::size_t>(batch.length) + i;
      batch.ids[at] = static_cast<std::int32_t>(prompt == 1 ? 3 + i % 50 : 5 + i % 40);
      batch.mask[at] = 1;
    }
  }
  // The same ids with fewer of them real make another chunk.
  batch.mask[static_cast<std::size_t>(2 * batch.length) + 699] = 0;
  for (const EmptyChunk empty : {EmptyChunk::zero, EmptyChunk::uniform}) {
    const at::Tensor all = encode_batch(ops::Workers(2), *model, batch, empty, Repeats::compute);
    for (const int threads : {1, 2, 3}) {
      EXPECT_TRUE(at::equal(all, encode_batch(ops::Workers(threads), *model, batch, empty)));
    }
    EXPECT_TRUE(at::equal(all[0].narrow(0, 0, 512), all[2].narrow(0, 0, 512)));
    EXPECT_FALSE(at::equal(all[0].narrow(0, 512, 512), all[2].narrow(0, 512, 512)));
    EXPECT_FALSE(at::equal(all[0].narrow(0, 0, 512), all[1].narrow(0, 0, 512)));
  }
}

TEST(TextEncoder, RefusesLengthsAndIdsThatDoNotFit) {
  const c10::InferenceMode inference;
  const ops::Workers workers(1);
  const auto model = load_text_encoder(DND_MINILM_DIR);
  const auto encode = [&](std::int64_t length, std::int32_t id) {
    text::TokenBatch batch{1, length, {}, {}};
    batch.ids.assign(static_cast<std::size_t>(length), id);
    batch.mask.assign(static_cast<std::size_t>(length), 1);
    encode_batch(workers, *model, batch, EmptyChunk::zero);
  };
  EXPECT_DND_ERROR(encode(600, 5), ErrorKind::data, "600 positions must be a multiple of 512");
  EXPECT_DND_ERROR(encode(8, 30522), ErrorKind::data, "token id 30522 is outside");
  EXPECT_DND_ERROR(encode(8, -1), ErrorKind::data, "token id -1 is outside");
}

TEST(TextEncoder, RefusesOtherModelsByName) {
  const testing::TempDir temp;
  const auto refuse = [&](const char* config, const char* message) {
    temp.file("config.json", config);
    EXPECT_DND_ERROR(load_text_encoder(temp.path()), ErrorKind::data, message);
  };
  refuse(R"({"model_type": "mpnet"})", "model_type 'mpnet' is not supported");
  refuse(R"({})", "key 'model_type' is missing");
  refuse(R"({"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1,
             "num_attention_heads": 3, "intermediate_size": 4, "vocab_size": 5,
             "max_position_embeddings": 6})",
         "hidden_size 8 is no multiple of 3 heads");
  refuse(R"({"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1,
             "num_attention_heads": 2, "intermediate_size": 4, "vocab_size": 5,
             "max_position_embeddings": 6, "hidden_act": "relu"})",
         "hidden_act 'relu', only gelu");
  refuse(R"({"model_type": "t5", "d_model": 8, "d_kv": 4, "d_ff": 4, "num_heads": 2,
             "num_layers": 1, "vocab_size": 9, "feed_forward_proj": "gated-silu"})",
         "feed_forward_proj 'gated-silu'");
  EXPECT_DND_ERROR(load_text_encoder(temp / "nowhere"), ErrorKind::no_input, "config.json");
}

}  // namespace
}  // namespace dnd::nn
