// Logits against transformers and peft; answers and scores against the logits.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "base/strings.h"
#include "lm/load_language_model.h"
#include "lm/tiny_model.h"
#include "support/expect_error.h"
#include "support/interop.h"
#include "support/lora.h"
#include "text/lm_tokenizer.h"

namespace dnd::lm {
namespace {

using testing::TinyModel;
using Ids = std::vector<std::int32_t>;

const std::vector<std::string> kPrompts = {"Question: is water red or blue? Answer:", "the", "a\nb",
                                           "the quick brown fox jumps over the lazy dog", "Paris"};

class Interop : public ::testing::TestWithParam<const char*> {
 protected:
  Interop() : golden_(testing::interop_path(GetParam(), "logits.safetensors")) {
    for (const std::int64_t id : testing::read_wide<std::int64_t>(golden_, "input_ids")) {
      ids_.push_back(static_cast<std::int32_t>(id));
    }
  }

  ops::Workers workers_{2};
  formats::SafetensorsFile golden_;
  Ids ids_;
};

// The bar is 1e-4 of the largest; 1.1e-6 was measured.
TEST_P(Interop, LogitsWithAnAdapterEqualTransformersAndPeft) {
  const auto model = load_language_model(workers_, testing::interop_path(GetParam(), "base"));
  const HostTensor base = model->logits(ids_);
  const adapter::LoraAdapter adapter = testing::interop_adapter(GetParam());
  model->use_adapter(&adapter);
  const HostTensor adapted = model->logits(ids_);
  const std::vector<float> expected = golden_.read_f32("logits_fp32_with_adapter");
  ASSERT_EQ(adapted.shape, (std::vector<std::int64_t>{16, 96}));
  float largest = 0.0F;
  float error = 0.0F;
  float change = 0.0F;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::abs(adapted.values[i] - expected[i]));
    change = std::max(change, std::abs(adapted.values[i] - base.values[i]));
  }
  EXPECT_LT(error, 1e-5F * largest);
  EXPECT_GT(change, 0.01F * largest);
  model->use_adapter(nullptr);
  EXPECT_EQ(model->logits(ids_).values, base.values);
}

TEST_P(Interop, TheInfoIsThatOfTheFiles) {
  const LanguageModelInfo info =
      load_language_model(workers_, testing::interop_path(GetParam(), "base"))->info();
  EXPECT_EQ(info.layers, 2);
  EXPECT_EQ(info.hidden, 32);
  EXPECT_EQ(info.vocabulary, 96);
  EXPECT_NE(info.tokenizer_problem.find("neither tokenizer.json"), std::string::npos);
  std::int64_t parameters = 0;
  const formats::SafetensorsFile file(testing::interop_path(GetParam(), "base/model.safetensors"));
  for (const formats::TensorView& tensor : file.tensors()) {
    parameters += static_cast<std::int64_t>(tensor.bytes.size() * 8 / dtype_bits(tensor.dtype));
  }
  EXPECT_EQ(info.parameters, parameters);
}

INSTANTIATE_TEST_SUITE_P(Bases, Interop, ::testing::Values("qwen2", "llama"),
                         [](const auto& test) { return std::string(test.param); });

// What one class computes and no other: soft caps, windows, norms, NoPE, parts of heads that stay.
class Architectures : public ::testing::TestWithParam<const char*> {};

TEST_P(Architectures, LogitsEqualTransformers) {
  const std::filesystem::path folder = testing::data_path("language_models") / GetParam();
  const formats::SafetensorsFile golden(folder / "logits.safetensors");
  Ids ids;
  for (const std::int64_t id : testing::read_wide<std::int64_t>(golden, "input_ids")) {
    ids.push_back(static_cast<std::int32_t>(id));
  }
  const ops::Workers workers(2);
  const HostTensor logits = load_language_model(workers, folder / "base")->logits(ids);
  const std::vector<float> expected = golden.read_f32("logits");
  ASSERT_EQ(logits.shape, (std::vector<std::int64_t>{24, 32}));
  float largest = 0.0F;
  float error = 0.0F;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::abs(logits.values[i] - expected[i]));
  }
  EXPECT_LT(error, 1e-5F * largest);
}

INSTANTIATE_TEST_SUITE_P(All, Architectures,
                         ::testing::Values("gemma2", "gemma3", "phi3", "smollm3"),
                         [](const auto& test) { return std::string(test.param); });

class LanguageModelTest : public ::testing::Test {
 protected:
  std::unique_ptr<LanguageModel> load(const TinyModel& tiny = {}, int threads = 1) {
    workers_.push_back(std::make_unique<ops::Workers>(threads));
    return load_language_model(*workers_.back(), tiny.write(dir_));
  }

  adapter::LoraAdapter adapter() const {
    adapter::LoraAdapter adapter;
    for (const char* layer : {"model.layers.0.", "model.layers.1."}) {
      const std::string p = layer;
      adapter.pairs.push_back(testing::random_pair(p + "self_attn.k_proj", 16, 32, 4, 1));
      adapter.pairs.push_back(testing::random_pair(p + "self_attn.v_proj", 16, 32, 3, 3));
      adapter.pairs.push_back(testing::random_pair(p + "self_attn.o_proj", 32, 32, 4, 5));
      adapter.pairs.push_back(testing::random_pair(p + "mlp.up_proj", 48, 32, 2, 7));
      adapter.pairs.push_back(testing::random_pair(p + "mlp.down_proj", 32, 48, 4, 9));
    }
    adapter.pairs.push_back(testing::random_pair("lm_head", 368, 32, 4, 11));
    return adapter;
  }

  testing::TempDir dir_;
  std::vector<std::unique_ptr<ops::Workers>> workers_;
};

// Greedy decoding without a cache: all logits anew for each token.
Ids decode_slowly(LanguageModel& model, Ids ids, int count) {
  Ids answer;
  for (int i = 0; i < count; ++i) {
    const HostTensor logits = model.logits(ids);
    const auto last = logits.values.end() - logits.shape[1];
    const auto next = static_cast<std::int32_t>(std::max_element(last, logits.values.end()) - last);
    if (next == 2) break;
    ids.push_back(next);
    answer.push_back(next);
  }
  return answer;
}

TEST_F(LanguageModelTest, AnswersWithACacheAreThoseWithoutOne) {
  const auto model = load();
  const text::LmTokenizer tokenizer(dir_.path());
  const CompletionOptions options{.max_tokens = 20, .stop = {}};
  const adapter::LoraAdapter lora = adapter();
  for (const adapter::LoraAdapter* used :
       {static_cast<const adapter::LoraAdapter*>(nullptr), &lora}) {
    model->use_adapter(used);
    const std::vector<std::string> answers = model->complete(kPrompts, options);
    for (std::size_t i = 0; i < kPrompts.size(); ++i) {
      const Ids expected = decode_slowly(*model, model->tokenize(kPrompts[i]), 20);
      EXPECT_EQ(answers[i], tokenizer.decode(expected));
      EXPECT_GT(expected.size(), 0U);
    }
  }
}

TEST_F(LanguageModelTest, AnAdapterIsAsItsMergedWeights) {
  const auto model = load();
  const Ids ids = model->tokenize(kPrompts[0]);
  const HostTensor base = model->logits(ids);
  const adapter::LoraAdapter lora = adapter();
  model->use_adapter(&lora);
  const HostTensor adapted = model->logits(ids);
  EXPECT_NE(adapted.values, base.values);
  // The head's own pair alone: logits are linear in it.
  adapter::LoraAdapter head;
  head.pairs = {lora.pairs.back()};
  model->use_adapter(&head);
  const HostTensor once = model->logits(ids);
  head.pairs[0].scale *= 2.0;
  model->use_adapter(&head);
  const HostTensor twice = model->logits(ids);
  for (std::size_t i = 0; i < base.values.size(); i += 97) {
    EXPECT_NEAR(twice.values[i] - once.values[i], once.values[i] - base.values[i], 1e-4F);
  }
}

TEST_F(LanguageModelTest, ScoresAreSumsOfLogProbabilities) {
  const auto model = load();
  const Ids prompt = model->tokenize(kPrompts[0]);
  const Ids whole = model->tokenize(kPrompts[0] + " blue or red");
  ASSERT_GT(whole.size(), prompt.size() + 1);
  ASSERT_TRUE(std::equal(prompt.begin(), prompt.end(), whole.begin()));
  const HostTensor logits = model->logits(whole);
  double expected = 0.0;
  for (std::size_t i = prompt.size(); i < whole.size(); ++i) {
    const float* row = logits.values.data() + (i - 1) * 368;
    double sum = 0.0;
    for (std::size_t k = 0; k < 368; ++k) sum += std::exp(static_cast<double>(row[k]));
    expected += static_cast<double>(row[whole[i]]) - std::log(sum);
  }
  const std::vector<double> scores =
      model->score({{kPrompts[0], " blue or red"}, {kPrompts[0], ""}, {"", "blue"}});
  EXPECT_NEAR(scores[0], expected, 1e-5 * std::abs(expected));
  EXPECT_EQ(scores[1], 0.0);
  EXPECT_LT(scores[2], 0.0);
}

TEST_F(LanguageModelTest, NeitherThreadsNorTheBatchChangeABit) {
  const auto one = load({}, 1);
  const auto two = load({}, 2);
  const auto many = load({}, 5);
  std::vector<LanguageModel::Candidate> candidates;
  std::vector<std::string> prompts;
  for (int i = 0; i < 40; ++i) {
    prompts.push_back(kPrompts[static_cast<std::size_t>(i) % kPrompts.size()] +
                      std::string(i / 5, 'a'));
    candidates.push_back({prompts.back(), " the fox"});
  }
  const std::vector<std::string> answers = one->complete(prompts, {});
  const std::vector<double> scores = one->score(candidates);
  EXPECT_EQ(two->complete(prompts, {}), answers);
  EXPECT_EQ(many->complete(prompts, {}), answers);
  EXPECT_EQ(two->score(candidates), scores);
  EXPECT_EQ(many->score(candidates), scores);
  for (std::size_t i = 0; i < prompts.size(); i += 7) {
    EXPECT_EQ(one->complete({prompts[i]}, {}).at(0), answers[i]);
    EXPECT_EQ(one->score({candidates[i]}).at(0), scores[i]);
  }
}

// A head that prefers the byte of a line break to everything: the answer ends before it.
TEST_F(LanguageModelTest, AnAnswerEndsAtALineBreak) {
  const auto model = load();
  adapter::LoraAdapter lora;
  lora.pairs = {testing::random_pair("lm_head", 368, 32, 1, 1)};
  std::fill(lora.pairs[0].b.begin(), lora.pairs[0].b.end(), 0.0F);
  const Ids ids = model->tokenize("\n");
  const std::string endless = model->complete({"the"}, {.max_tokens = 8, .stop = {}})[0];
  const HostTensor logits = model->logits(model->tokenize("the"));
  lora.pairs[0].b[static_cast<std::size_t>(ids.back())] = 1.0F;
  for (const double scale : {1e4, -1e4}) {
    lora.pairs[0].scale = scale;
    model->use_adapter(&lora);
    const std::string with = model->complete({"the"}, {.max_tokens = 8, .stop = {}})[0];
    const std::string without = model->complete({"the"}, {.max_tokens = 8})[0];
    EXPECT_EQ(without, with.substr(0, with.find('\n')));
    if (with.starts_with('\n')) return;
  }
  ADD_FAILURE() << "no line break came";
}

// Every token is a character, so that stops lie across tokens: at every place of the answer.
TEST_F(LanguageModelTest, AnAnswerEndsAtTheFirstStop) {
  TinyModel tiny;
  tiny.tokenizer = false;
  tiny.tokenizer_json = testing::character_tokenizer();
  const auto model = load(tiny);
  int longest = 0;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    adapter::LoraAdapter lora;
    lora.pairs = {testing::random_pair("lm_head", 368, 32, 4, seed)};
    model->use_adapter(&lora);
    const std::string whole = model->complete({"the"}, {.max_tokens = 40, .stop = {}})[0];
    longest = std::max(longest, static_cast<int>(whole.size()));
    for (std::size_t begin = 0; begin + 3 <= whole.size(); ++begin) {
      const std::string stop = whole.substr(begin, 3);
      const std::string expected = whole.substr(0, whole.find(stop));
      const CompletionOptions options{.max_tokens = 40, .stop = {"never", stop}};
      EXPECT_EQ(model->complete({"the"}, options)[0], expected);
      std::string told;
      model->stream("the", options, [&](const std::string& text) { told += text; });
      EXPECT_EQ(told, expected) << "nothing is told that is no part of the answer";
    }
  }
  EXPECT_GT(longest, 8);
  EXPECT_DND_ERROR(model->complete({"the"}, {.max_tokens = 2, .stop = {"a", ""}}), ErrorKind::usage,
                   "an empty text cannot end answers");
}

// A run of bytes that is no UTF-8 is U+FFFD from its beginning, valid characters in it included.
TEST_F(LanguageModelTest, WhatIsStreamedIsTheAnswer) {
  const auto model = load();
  int broken = 0;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    adapter::LoraAdapter lora;
    lora.pairs = {testing::random_pair("lm_head", 368, 32, 4, seed)};
    lora.pairs[0].scale *= 4.0;
    model->use_adapter(&lora);
    const CompletionOptions options{.max_tokens = 12, .stop = {}};
    const std::string whole = model->complete({"the"}, options)[0];
    std::string told;
    model->stream("the", options, [&](const std::string& text) { told += text; });
    EXPECT_EQ(told, whole);
    if (whole.find("\xEF\xBF\xBD") != std::string::npos) ++broken;
  }
  EXPECT_GT(broken, 0);
}

TEST_F(LanguageModelTest, AnEndMarkerEndsTheAnswer) {
  TinyModel tiny;
  const std::string whole = load(tiny)->complete({"the"}, {.max_tokens = 6, .stop = {}})[0];
  const auto model = load(tiny);
  const Ids answer = decode_slowly(*model, model->tokenize("the"), 6);
  ASSERT_GT(answer.size(), 2U);
  tiny.config["eos_token_id"] = answer[1];
  EXPECT_NE(load(tiny)->complete({"the"}, {.max_tokens = 6, .stop = {}})[0], whole);
  dir_.file("generation_config.json", cat("{\"eos_token_id\": [5000, ", answer[0], "]}"));
  EXPECT_EQ(load(tiny)->complete({"the"}, {})[0], "");
}

TEST_F(LanguageModelTest, WithoutATokenizerOnlyIdsRun) {
  TinyModel tiny;
  tiny.tokenizer = false;
  const auto model = load(tiny);
  EXPECT_NE(model->info().tokenizer_problem, "");
  EXPECT_EQ(model->logits({1, 2}).shape, (std::vector<std::int64_t>{2, 368}));
  EXPECT_DND_ERROR(model->complete({"x"}, {}), ErrorKind::data, "neither tokenizer.json");
  EXPECT_DND_ERROR(model->score({{"x", "y"}}), ErrorKind::data, "neither tokenizer.json");
  EXPECT_DND_ERROR(model->tokenize("x"), ErrorKind::data, "neither tokenizer.json");
}

TEST_F(LanguageModelTest, ATokenizerJsonIsEnough) {
  TinyModel tiny;
  tiny.tokenizer = false;
  tiny.tokenizer_json = testing::character_tokenizer();
  dir_.file("tokenizer_config.json", R"({"eos_token": "</s>", "pad_token": "<pad>"})");
  const auto model = load(tiny);
  EXPECT_EQ(model->info().tokenizer_problem, "");
  EXPECT_EQ(model->tokenize("a</s>b"), (Ids{97, 2, 98}));
  // Ids of no token leave no trace in an answer.
  std::string expected;
  for (const Ids::value_type id : decode_slowly(*model, {116, 104, 101}, 8)) {
    if (id == 2) break;
    if (id == 10 || (id >= 32 && id < 127)) expected += static_cast<char>(id);
  }
  EXPECT_EQ(model->complete({"the"}, {.max_tokens = 8, .stop = {}})[0], expected);
}

// Added tokens that have no row in the model: only a text that has one is refused.
TEST_F(LanguageModelTest, AddedTokensBeyondTheModel) {
  TinyModel tiny;
  tiny.tokenizer = false;
  tiny.tokenizer_json = testing::character_tokenizer();
  dir_.file("tokenizer_config.json", R"({"added_tokens_decoder": {"500": {"content": "<new>"}}})");
  tiny.tokenizer_json["model"]["vocab"]["last"] = 367U;
  for (unsigned id = 200; id < 480; ++id) {
    tiny.tokenizer_json["added_tokens"].push_back({{"id", id},
                                                   {"content", cat("<", id, ">")},
                                                   {"single_word", false},
                                                   {"lstrip", false},
                                                   {"rstrip", false},
                                                   {"normalized", false},
                                                   {"special", false}});
  }
  const auto model = load(tiny);
  EXPECT_NO_THROW(model->complete({"the"}, {}));
  const Ids ids = model->tokenize("<new>");
  ASSERT_EQ(ids.size(), 1U);
  EXPECT_GE(ids[0], 368);
  EXPECT_DND_ERROR(model->complete({"<new>"}, {}), ErrorKind::data, "is outside the vocabulary");
}

TEST_F(LanguageModelTest, TextsAreAskedForBeforeWeights) {
  TinyModel tiny;
  tiny.tokenizer = false;
  testing::NamedShapes shapes = tiny.tensors();
  shapes.pop_back();
  const ops::Workers workers(1);
  EXPECT_DND_ERROR(load_language_model(workers, tiny.write(dir_, shapes), true), ErrorKind::data,
                   "holds neither tokenizer.json nor tokenizer.model");
  EXPECT_DND_ERROR(load_language_model(workers, dir_.path()), ErrorKind::data, "down_proj");
  tiny.tokenizer_json = testing::character_tokenizer();
  tiny.tokenizer_json["pre_tokenizer"] = {{"type", "Nobodys"}};
  EXPECT_DND_ERROR(load_language_model(workers, tiny.write(dir_, shapes), true), ErrorKind::data,
                   "pre_tokenizer: the type 'Nobodys' is not supported");
  // Without texts the model runs.
  const auto model = load(tiny);
  EXPECT_NE(model->info().tokenizer_problem.find("Nobodys"), std::string::npos);
  EXPECT_EQ(model->logits({1}).shape, (std::vector<std::int64_t>{1, 368}));
}

TEST_F(LanguageModelTest, SequencesThatAreRefused) {
  const auto model = load();
  EXPECT_DND_ERROR(model->logits({}), ErrorKind::data, "the sequence has no token");
  EXPECT_DND_ERROR(model->logits({1, 368}), ErrorKind::data, "id 368 is outside the vocabulary");
  EXPECT_DND_ERROR(model->logits({-1}), ErrorKind::data, "id -1 is outside the vocabulary");
  EXPECT_DND_ERROR(model->logits(Ids(65, 1)), ErrorKind::data, "65 tokens, the model takes 64");
  EXPECT_DND_ERROR(model->complete({"the", "the"}, {.max_tokens = 63}), ErrorKind::data,
                   "prompt 1 has 5 tokens and 63 may follow");
  EXPECT_DND_ERROR(model->complete({"the"}, {.max_tokens = -1}), ErrorKind::usage, "expected 0 to");
}

TEST_F(LanguageModelTest, AdaptersThatDoNotFit) {
  const auto model = load();
  const Ids ids = {1, 2, 3};
  const HostTensor before = model->logits(ids);
  const auto refuses = [&](const adapter::LoraAdapter& lora, const std::string& words) {
    EXPECT_DND_ERROR(model->use_adapter(&lora), ErrorKind::data, words);
    EXPECT_EQ(model->logits(ids).values, before.values);
  };
  adapter::LoraAdapter lora = adapter();
  lora.pairs[3].module = "model.layers.2.mlp.up_proj";
  refuses(lora, "the base has no layer 'model.layers.2.mlp.up_proj' (made for another base?)");
  lora = adapter();
  lora.pairs[1] = testing::random_pair("model.layers.0.self_attn.v_proj", 16, 48, 3, 3);
  refuses(lora, "made for a layer of 48 inputs and 16 outputs, the base's has 32 and 16");
  lora = adapter();
  lora.pairs[0].magnitude.assign(16, 1.0F);
  refuses(lora, "DoRA");
  lora = adapter();
  lora.pairs.push_back(lora.pairs[0]);
  refuses(lora, "two pairs for 'model.layers.0.self_attn.k_proj'");
}

TEST_F(LanguageModelTest, WeightsThatDoNotFit) {
  const auto refuses = [&](const testing::NamedShapes& shapes, const std::string& words) {
    const ops::Workers workers(2);
    EXPECT_DND_ERROR(load_language_model(workers, TinyModel().write(dir_, shapes)), ErrorKind::data,
                     words);
  };
  testing::NamedShapes shapes = TinyModel().tensors();
  shapes.back().first = "model.layers.1.mlp.extra.weight";
  refuses(shapes, "no tensor 'model.layers.1.mlp.down_proj.weight'");
  shapes = TinyModel().tensors();
  shapes[0].second = {368, 31};
  refuses(shapes, "'model.embed_tokens.weight': shape [368, 31], expected [368, 32]");
  shapes = TinyModel().tensors();
  shapes.push_back({"model.layers.1.self_attn.o_proj.bias", {32}});
  refuses(shapes,
          "tensor 'model.layers.1.self_attn.o_proj.bias' is not part of a Qwen2ForCausalLM");
  shapes = TinyModel().tensors();
  shapes.push_back({"lm_head.weight", {368, 32}});
  shapes.push_back({"model.layers.1.self_attn.rotary_emb.inv_freq", {4}});
  // A head that differs from the embedding counts under a tied config, too.
  const ops::Workers workers(2);
  EXPECT_EQ(load_language_model(workers, TinyModel().write(dir_, shapes))->info().parameters,
            27424 + 368 * 32);
}

TEST_F(LanguageModelTest, ATokenizerOfAnotherModel) {
  TinyModel tiny;
  tiny.config["vocab_size"] = 300;
  testing::NamedShapes shapes = tiny.tensors();
  shapes[0].second = {300, 32};
  const ops::Workers workers(1);
  EXPECT_DND_ERROR(load_language_model(workers, tiny.write(dir_, shapes)), ErrorKind::data,
                   "tokens, the model 300 (files of two models?)");
}

}  // namespace
}  // namespace dnd::lm
