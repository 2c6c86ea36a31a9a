#include "text/lm_tokenizer.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::text {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

// Models with bytes and one symbol of their own, <|x|> (scripts/make_lm_tokenizer_cases.py).
class LmTokenizerTest : public ::testing::Test {
 protected:
  LmTokenizerTest() : golden_(read_json_file(testing::data_path("text/llama/golden.json"), "")) {}

  LmTokenizer load(const std::string& model, const std::string& config) {
    fs::copy_file(testing::data_path("text/llama/" + model), dir_ / "tokenizer.model",
                  fs::copy_options::overwrite_existing);
    dir_.file("tokenizer_config.json", config);
    return LmTokenizer(dir_.path());
  }

  void refuses(const std::string& config, const std::string& words) {
    EXPECT_DND_ERROR(load("bpe.model", config), ErrorKind::data, words);
  }

  testing::TempDir dir_;
  Json golden_;
};

TEST_F(LmTokenizerTest, EncodesAsLlamaTokenizer) {
  for (const Json& item : golden_["encode"]) {
    const LmTokenizer tokenizer = load("bpe.model", json_line(item["config"]));
    for (const Json& text : item["texts"]) {
      EXPECT_EQ(tokenizer.encode(text["text"].get<std::string>()), text["ids"].get<Ids>())
          << json_line(item["config"]) << json_line(text);
    }
  }
}

TEST_F(LmTokenizerTest, DecodesAsLlamaTokenizer) {
  const LmTokenizer tokenizer = load("bpe.model", "{}");
  for (const Json& item : golden_["decode"]) {
    EXPECT_EQ(tokenizer.decode(item["ids"].get<Ids>()), item["text"].get<std::string>())
        << json_line(item);
  }
  EXPECT_EQ(tokenizer.decode(Ids{-1, 100'000}), "");
}

TEST_F(LmTokenizerTest, UnigramIsAsTheLibraryHasIt) {
  const LmTokenizer tokenizer = load("unigram.model", R"({"add_bos_token": false})");
  for (const Json& item : golden_["unigram"]) {
    EXPECT_EQ(tokenizer.encode(item["text"].get<std::string>()), item["ids"].get<Ids>())
        << json_line(item);
  }
}

TEST_F(LmTokenizerTest, WithoutAConfigTheBeginMarkerIsAdded) {
  load("bpe.model", "{}");
  fs::remove(dir_ / "tokenizer_config.json");
  const LmTokenizer tokenizer(dir_.path());
  EXPECT_EQ(tokenizer.encode("</s>"), (Ids{1, 2}));
  EXPECT_EQ(tokenizer.end_id(), 2);
}

TEST_F(LmTokenizerTest, AddedTokens) {
  const LmTokenizer tokenizer = load("bpe.model", R"({
    "add_bos_token": false, "eos_token": {"content": "<|end|>"}, "added_tokens_decoder": {
      "1": {"content": "<s>", "special": true}, "1000": {"content": "<|end|>", "special": true},
      "1001": {"content": "<|tool|>"}}})");
  EXPECT_EQ(tokenizer.vocabulary_size(), 1002);
  EXPECT_EQ(tokenizer.end_id(), 1000);
  EXPECT_EQ(tokenizer.encode("<|end|><|tool|><s>"), (Ids{1000, 1001, 1}));
  EXPECT_EQ(tokenizer.decode(Ids{1001, 1000, 1}), "<|tool|>");
}

TEST_F(LmTokenizerTest, NeverThrowsForAnyBytes) {
  const LmTokenizer tokenizer = load("bpe.model", "{}");
  EXPECT_EQ(tokenizer.encode("\xFF\xC3").front(), 1);
  EXPECT_EQ(tokenizer.encode("\xC3").size(), tokenizer.encode("\xEF\xBF\xBD").size());
}

TEST_F(LmTokenizerTest, FoldersThatAreRefused) {
  EXPECT_DND_ERROR(LmTokenizer(dir_ / "none"), ErrorKind::no_input, "tokenizer.model");
  refuses("[]", "tokenizer_config.json: expected an object");
  refuses(R"({"add_bos_token": 1})", "'add_bos_token': expected true or false");
  refuses(R"({"bos_token": "<nope>"})", "the bos_token is no known token");
  refuses(R"({"eos_token": "<nope>", "add_eos_token": true})", "the eos_token is no known token");
  refuses(R"({"added_tokens_decoder": {"1": {"content": "<t>"}}})", "says '<t>'");
  refuses(R"({"added_tokens_decoder": {"-1": {"content": "<t>"}}})", "integer from 0");
  refuses(R"({"added_tokens_decoder": {"x": {"content": "<t>"}}})", "not valid JSON");
  dir_.file("tokenizer.model", "not a model");
  EXPECT_DND_ERROR(LmTokenizer(dir_.path()), ErrorKind::data, "not a SentencePiece model");
}

}  // namespace
}  // namespace dnd::text
