#include "tokenizer/encoder_tokenizer.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::tokenizer {
namespace {

namespace fs = std::filesystem;
using text::TextTokenizer;
using text::TokenBatch;
using Ids = std::vector<std::int32_t>;
constexpr std::size_t kLong = 100'000;

// The encoder's own files; the setup script puts them there.
const fs::path kMiniLm = DND_MINILM_DIR;

void expect_golden(const TextTokenizer& tokenizer, const char* name, std::size_t count) {
  const Json cases = read_json_file(fs::path(DND_TEST_DATA) / "text" / name, name);
  ASSERT_EQ(cases.size(), count);
  for (const Json& item : cases) {
    EXPECT_EQ(tokenizer.encode(item["text"].get<std::string>(), kLong), item["ids"].get<Ids>())
        << item["text"];
  }
}

// wordpiece.json: hostile strings. wordpiece_hard.json, by tokenizers 0.23.3: characters whose
// class changed since Unicode 8, edges of the rules, random mixtures of scripts.
void expect_all_golden(const TextTokenizer& tokenizer) {
  expect_golden(tokenizer, "wordpiece.json", 136);
  expect_golden(tokenizer, "wordpiece_hard.json", 295);
}

TEST(MiniLm, GoldenFromTokenizerJson) { expect_all_golden(*load_encoder_tokenizer(kMiniLm)); }

TEST(MiniLm, GoldenFromVocabularyFile) {
  const testing::TempDir dir;
  fs::copy_file(kMiniLm / "vocab.txt", dir / "vocab.txt");
  fs::copy_file(kMiniLm / "tokenizer_config.json", dir / "tokenizer_config.json");
  const auto tokenizer = load_encoder_tokenizer(dir.path());
  expect_all_golden(*tokenizer);
  EXPECT_EQ(tokenizer->vocabulary_size(), 30522);
  EXPECT_EQ(tokenizer->padding_id(), 0);
}

// A vocabulary of a dozen pieces; ids are positions.
constexpr std::string_view kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\naffa\n##ble\na\né\nA\n漢\n,\n##é\n";
enum : std::int32_t { kUnk = 1, kCls = 2, kSep = 3, kMask = 4, kUn = 5, kAff = 6, kAble = 7 };

class Encoder : public ::testing::Test {
 protected:
  std::unique_ptr<TextTokenizer> from_vocabulary(std::string_view config = "{}") {
    dir_.file("vocab.txt", kVocabulary);
    dir_.file("tokenizer_config.json", config);
    return load_encoder_tokenizer(dir_.path());
  }
  // Ids without [CLS] and [SEP].
  static Ids inner(const TextTokenizer& tokenizer, std::string_view text) {
    const Ids ids = tokenizer.encode(text, kLong);
    EXPECT_EQ(ids.front(), kCls);
    EXPECT_EQ(ids.back(), kSep);
    return {ids.begin() + 1, ids.end() - 1};
  }

  testing::TempDir dir_;
};

TEST_F(Encoder, LongestMatchOrUnknownAsAWhole) {
  const auto tokenizer = from_vocabulary();
  EXPECT_EQ(inner(*tokenizer, "unaffable"), (Ids{kUn, kAff, kAble}));
  EXPECT_EQ(inner(*tokenizer, "UNaffable,un"), (Ids{kUn, kAff, kAble, 14, kUn}));
  EXPECT_EQ(inner(*tokenizer, "affable"), (Ids{8, 9}));
  EXPECT_EQ(inner(*tokenizer, "affab"), Ids{kUnk});
  EXPECT_EQ(inner(*tokenizer, "unz un"), (Ids{kUnk, kUn}));
  EXPECT_EQ(inner(*tokenizer, "a漢a"), (Ids{10, 13, 10}));
  EXPECT_EQ(inner(*tokenizer, ""), Ids{});
}

TEST_F(Encoder, CaseAndAccentSettings) {
  EXPECT_EQ(inner(*from_vocabulary(), "É A"), (Ids{kUnk, 10}));
  EXPECT_EQ(inner(*from_vocabulary(R"({"do_lower_case":false})"), "é A"), (Ids{11, 12}));
  EXPECT_EQ(inner(*from_vocabulary(R"({"strip_accents":false})"), "É"), Ids{11});
  EXPECT_EQ(inner(*from_vocabulary(R"({"do_lower_case":false,"strip_accents":true})"), "Á"),
            Ids{12});
  EXPECT_EQ(inner(*from_vocabulary(R"({"strip_accents":null})"), "á"), Ids{10});
  EXPECT_EQ(inner(*from_vocabulary(R"({"tokenize_chinese_chars":false})"), "a漢"), Ids{kUnk});
}

TEST_F(Encoder, SpecialTokensInRawText) {
  const auto tokenizer = from_vocabulary();
  EXPECT_EQ(inner(*tokenizer, "un[MASK]un"), (Ids{kUn, kMask, kUn}));
  EXPECT_EQ(inner(*tokenizer, "[mask]").size(), 3U);  // brackets and an unknown word
  EXPECT_EQ(inner(*tokenizer, "[[SEP]]"), (Ids{kUnk, kSep, kUnk}));
}

TEST_F(Encoder, MarkersSurviveTheCut) {
  const auto tokenizer = from_vocabulary();
  EXPECT_EQ(tokenizer->encode("unaffable a", 2), (Ids{kCls, kSep}));
  EXPECT_EQ(tokenizer->encode("unaffable a", 4), (Ids{kCls, kUn, kAff, kSep}));
  EXPECT_EQ(tokenizer->encode("[MASK][MASK] a", 3), (Ids{kCls, kMask, kSep}));
  EXPECT_EQ(tokenizer->encode("unaffable a", 6), (Ids{kCls, kUn, kAff, kAble, 10, kSep}));
  EXPECT_DND_ERROR(tokenizer->encode("a", 1), ErrorKind::usage, "no room for the 2 markers");
}

TEST_F(Encoder, BatchesArePaddedRight) {
  const TokenBatch batch = text::tokenize(*from_vocabulary(), {"a", "", "un a a a a"}, 5);
  EXPECT_EQ(batch.prompts, 3);
  EXPECT_EQ(batch.length, 5);
  EXPECT_EQ(batch.ids, (Ids{2, 10, 3, 0, 0, 2, 3, 0, 0, 0, 2, 5, 10, 10, 3}));
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1}));
}

TEST_F(Encoder, WordsLongerThanTheLimitAreUnknown) {
  dir_.file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\né\n##é\n");
  dir_.file("tokenizer_config.json", R"({"strip_accents":false})");
  const auto tokenizer = load_encoder_tokenizer(dir_.path());
  std::string word;
  for (int i = 0; i < 100; ++i) word += "é";
  EXPECT_EQ(inner(*tokenizer, word).size(), 100U);  // characters, not bytes
  EXPECT_EQ(inner(*tokenizer, word + "é"), Ids{kUnk});
}

TEST_F(Encoder, BytesThatAreNotUtf8AreDeleted) {
  EXPECT_EQ(inner(*from_vocabulary(), "u\xFFn\xC3"), Ids{kUn});
}

TEST_F(Encoder, VocabularyFile) {
  dir_.file("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\na\r\n");
  const auto tokenizer = load_encoder_tokenizer(dir_.path());
  EXPECT_EQ(inner(*tokenizer, "a"), Ids{5});  // the last of two
  EXPECT_EQ(tokenizer->vocabulary_size(), 6);
  dir_.file("vocab.txt", "[PAD]\n[UNK]\n[SEP]\n");
  EXPECT_DND_ERROR(load_encoder_tokenizer(dir_.path()), ErrorKind::data,
                   "the vocabulary has no [CLS]");
}

TEST_F(Encoder, FolderWithoutTokenizer) {
  EXPECT_DND_ERROR(load_encoder_tokenizer(dir_.path()), ErrorKind::no_input,
                   "holds none of spiece.model, tokenizer.json, vocab.txt");
}

// A small tokenizer.json of BERT's kind.
Json bert_json() {
  return parse_json(R"({
    "added_tokens": [{"id": 3, "content": "[SEP]", "single_word": false, "lstrip": false,
                      "rstrip": false, "normalized": false, "special": true}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                   "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 4,
              "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 9, "##a": 8}}})",
                    "test");
}

class EncoderJson : public Encoder {
 protected:
  std::unique_ptr<TextTokenizer> load(const Json& json) {
    dir_.file("tokenizer.json", json_line(json));
    return load_encoder_tokenizer(dir_.path());
  }
  // What load() says about the small file with `value` at `pointer`.
  void expect_refused(const char* pointer, const Json& value, const char* message) {
    Json json = bert_json();
    json[Json::json_pointer(pointer)] = value;
    EXPECT_DND_ERROR(load(json), ErrorKind::data, message);
  }
};

TEST_F(EncoderJson, BertProcessing) {
  const auto tokenizer = load(bert_json());
  EXPECT_EQ(inner(*tokenizer, "aaaa á aaaaa[SEP]b"), (Ids{9, 8, 8, 8, 9, kUnk, kSep, kUnk}));
  EXPECT_EQ(tokenizer->vocabulary_size(), 10);
}

// The embedding needs a row for the markers, which need not be in the vocabulary.
TEST_F(EncoderJson, MarkersCountAsVocabulary) {
  Json json = bert_json();
  json["post_processor"]["cls"] = {"[CLS]", 50};
  EXPECT_EQ(load(json)->vocabulary_size(), 51);
  json["post_processor"]["sep"] = {"[SEP]", 60};
  EXPECT_EQ(load(json)->vocabulary_size(), 61);
}

// BERT's class has settings, and its own parts but for the vocabulary.
TEST_F(EncoderJson, SettingsOfBertWin) {
  dir_.file("config.json", R"({"model_type": "bert"})");
  Json json = bert_json();
  json["normalizer"]["lowercase"] = false;
  EXPECT_EQ(inner(*load(json), "A á aaaaa"), (Ids{9, 9, 9, 8, 8, 8, 8}));
  dir_.file("tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_EQ(inner(*load(json), "A á a"), (Ids{kUnk, kUnk, 9}));
}

TEST_F(EncoderJson, OtherKindsAreReadAsTheyAre) {
  Json json = bert_json();
  json["normalizer"] = nullptr;
  json["pre_tokenizer"] = {{"type", "WhitespaceSplit"}};
  json["post_processor"] = nullptr;
  json["model"] = {
      {"type", "WordLevel"}, {"unk_token", "[UNK]"}, {"vocab", json["model"]["vocab"]}};
  const auto tokenizer = load(json);
  EXPECT_EQ(tokenizer->encode("a A a", 9), (Ids{9, kUnk, 9}));
  EXPECT_EQ(tokenizer->encode("a A a", 2), (Ids{9, kUnk}));
}

TEST_F(EncoderJson, RefusesWhatIsNoEncoders) {
  expect_refused("/model/vocab", {{"[UNK]", 1U}, {"a", 2U}}, "has no token for padding, [PAD]");
  expect_refused("/model/vocab/a", -1, "vocab: 'a': expected an id");
  expect_refused("/post_processor/sep", {"[SEP]"}, "post_processor");
  expect_refused("/normalizer", {{"type", "\x1b[2J"}}, "'\\x1b[2J' is not supported");
}

TEST_F(EncoderJson, WhatIsUnknownNeedsAToken) {
  Json json = bert_json();
  json["model"]["unk_token"] = "<unk>";
  const auto tokenizer = load(json);
  EXPECT_EQ(tokenizer->encode("a", 9), (Ids{kCls, 9, kSep}));
  EXPECT_DND_ERROR(tokenizer->encode("b", 9), ErrorKind::data, "no token for the unknown");
}

TEST_F(EncoderJson, Templates) {
  const auto with_single = [](const char* single) {
    Json json = bert_json();
    const auto token = [](const char* text, unsigned id) {
      return Json{{"id", text}, {"ids", Json::array({id})}, {"tokens", Json::array({text})}};
    };
    json["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", parse_json(single, "test")},
        {"pair", Json::array()},
        {"special_tokens", {{"[CLS]", token("[CLS]", 2)}, {"[SEP]", token("[SEP]", 3)}}}};
    return json;
  };
  constexpr const char* kCls1 = R"({"SpecialToken":{"id":"[CLS]","type_id":0}})";
  constexpr const char* kSep1 = R"({"SpecialToken":{"id":"[SEP]","type_id":0}})";
  constexpr const char* kText = R"({"Sequence":{"id":"A","type_id":0}})";
  const auto several = load(
      with_single(cat("[", kCls1, ",", kSep1, ",", kText, ",", kSep1, ",", kSep1, "]").c_str()));
  EXPECT_EQ(several->encode("aa", 9), (Ids{kCls, kSep, 9, 8, kSep, kSep}));
  EXPECT_EQ(several->encode("aa", 5), (Ids{kCls, kSep, 9, kSep, kSep}));
  const auto end = load(with_single(cat("[", kText, ",", kSep1, "]").c_str()));
  EXPECT_EQ(end->encode("a", 9), (Ids{9, kSep}));
  EXPECT_DND_ERROR(load(with_single(cat("[", kCls1, "]").c_str())), ErrorKind::data,
                   "a text does not stand between markers");
}

}  // namespace
}  // namespace dnd::tokenizer
