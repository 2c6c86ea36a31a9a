#include "text/sentencepiece.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::text {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

// The data's vocabulary: 120 pieces of T5's kind.
const fs::path kFolder = fs::path(DND_TEST_DATA) / "text" / "t5";

class SentencePiece : public ::testing::Test {
 protected:
  std::unique_ptr<TextTokenizer> with_config(std::string_view config) {
    fs::copy_file(kFolder / "spiece.model", dir_ / "spiece.model",
                  fs::copy_options::overwrite_existing);
    dir_.file("config.json", config);
    return load_tokenizer(dir_.path());
  }
  testing::TempDir dir_;
};

TEST_F(SentencePiece, Golden) {
  const Json cases = read_json_file(kFolder / "golden.json", "golden");
  std::vector<std::string> prompts;
  Ids ids;
  std::vector<std::uint8_t> mask;
  for (const Json& item : cases) {
    prompts.push_back(item["text"]);
    for (const Json& id : item["ids"]) ids.push_back(id);
    for (const Json& bit : item["mask"]) mask.push_back(bit);
  }
  const auto tokenizer = load_tokenizer(kFolder);
  const TokenBatch batch = tokenize(*tokenizer, prompts, 24);
  EXPECT_EQ(batch.prompts, 6);
  EXPECT_EQ(batch.length, 24);
  EXPECT_EQ(batch.ids, ids);
  EXPECT_EQ(batch.mask, mask);
  EXPECT_EQ(tokenizer->vocabulary_size(), 120);
  EXPECT_EQ(tokenizer->padding_id(), 0);
}

TEST_F(SentencePiece, TheEndMarkerSurvivesTheCut) {
  const auto tokenizer = load_tokenizer(kFolder);
  const Ids all = tokenizer->encode("Which gas do plants take in?", 100);
  for (std::size_t length = 1; length <= all.size(); ++length) {
    Ids expected(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length) - 1);
    expected.push_back(1);
    EXPECT_EQ(tokenizer->encode("Which gas do plants take in?", length), expected);
  }
  EXPECT_DND_ERROR(tokenizer->encode("x", 0), ErrorKind::usage, "no room for the end marker");
}

TEST_F(SentencePiece, SpecialTokensInText) {
  const auto tokenizer = load_tokenizer(kFolder);
  const Ids plain = tokenizer->encode("the answer", 100);
  Ids expected = plain;
  expected.insert(expected.end(), {0, 1});
  EXPECT_EQ(tokenizer->encode("the answer</s><pad>", 100), expected);
}

TEST_F(SentencePiece, ExtraIdsOnlyWhereTheEmbeddingHasRows) {
  const auto with = with_config(R"({"vocab_size": 220})");
  EXPECT_EQ(with->vocabulary_size(), 220);
  EXPECT_EQ(with->encode("<extra_id_0> <extra_id_1><extra_id_99>", 9), (Ids{219, 218, 120, 1}));
  const auto without = with_config(R"({"vocab_size": 219})");
  EXPECT_EQ(without->vocabulary_size(), 120);
  for (const std::int32_t id : without->encode("<extra_id_0>", 100)) EXPECT_LT(id, 120);
}

TEST_F(SentencePiece, NeverThrowsForAnyBytes) {
  const auto tokenizer = load_tokenizer(kFolder);
  EXPECT_EQ(tokenizer->encode("\xFF\xC3", 8).back(), 1);
  EXPECT_EQ(tokenizer->encode(std::string_view("a\0b", 3), 8).back(), 1);
}

TEST_F(SentencePiece, BrokenModels) {
  dir_.file("spiece.model", "not a model");
  EXPECT_DND_ERROR(load_tokenizer(dir_.path()), ErrorKind::data,
                   "spiece.model: not a SentencePiece model");
  dir_.file("spiece.model", "");
  EXPECT_DND_ERROR(load_tokenizer(dir_.path()), ErrorKind::data, "spiece.model");
  EXPECT_DND_ERROR(load_sentencepiece(dir_ / "none"), ErrorKind::no_input, "spiece.model");
}

}  // namespace
}  // namespace dnd::text
