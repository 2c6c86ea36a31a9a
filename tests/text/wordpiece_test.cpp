#include "text/wordpiece.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::text {
namespace {

namespace fs = std::filesystem;
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

TEST(MiniLm, GoldenFromTokenizerJson) { expect_all_golden(*load_tokenizer(kMiniLm)); }

TEST(MiniLm, GoldenFromVocabularyFile) {
  const testing::TempDir dir;
  fs::copy_file(kMiniLm / "vocab.txt", dir / "vocab.txt");
  fs::copy_file(kMiniLm / "tokenizer_config.json", dir / "tokenizer_config.json");
  const auto tokenizer = load_tokenizer(dir.path());
  expect_all_golden(*tokenizer);
  EXPECT_EQ(tokenizer->vocabulary_size(), 30522);
  EXPECT_EQ(tokenizer->padding_id(), 0);
}

// A vocabulary of a dozen pieces; ids are positions.
constexpr std::string_view kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\naffa\n##ble\na\né\nA\n漢\n,\n##é\n";
enum : std::int32_t { kUnk = 1, kCls = 2, kSep = 3, kMask = 4, kUn = 5, kAff = 6, kAble = 7 };

class WordPiece : public ::testing::Test {
 protected:
  std::unique_ptr<TextTokenizer> from_vocabulary(std::string_view config = "{}") {
    dir_.file("vocab.txt", kVocabulary);
    dir_.file("tokenizer_config.json", config);
    return load_tokenizer(dir_.path());
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

TEST_F(WordPiece, LongestMatchOrUnknownAsAWhole) {
  const auto tokenizer = from_vocabulary();
  EXPECT_EQ(inner(*tokenizer, "unaffable"), (Ids{kUn, kAff, kAble}));
  EXPECT_EQ(inner(*tokenizer, "UNaffable,un"), (Ids{kUn, kAff, kAble, 14, kUn}));
  EXPECT_EQ(inner(*tokenizer, "affable"), (Ids{8, 9}));
  EXPECT_EQ(inner(*tokenizer, "affab"), Ids{kUnk});
  EXPECT_EQ(inner(*tokenizer, "unz un"), (Ids{kUnk, kUn}));
  EXPECT_EQ(inner(*tokenizer, "a漢a"), (Ids{10, 13, 10}));
  EXPECT_EQ(inner(*tokenizer, ""), Ids{});
}

TEST_F(WordPiece, CaseAndAccentSettings) {
  EXPECT_EQ(inner(*from_vocabulary(), "É A"), (Ids{kUnk, 10}));
  EXPECT_EQ(inner(*from_vocabulary(R"({"do_lower_case":false})"), "é A"), (Ids{11, 12}));
  EXPECT_EQ(inner(*from_vocabulary(R"({"strip_accents":false})"), "É"), Ids{11});
  EXPECT_EQ(inner(*from_vocabulary(R"({"do_lower_case":false,"strip_accents":true})"), "Á"),
            Ids{12});
  EXPECT_EQ(inner(*from_vocabulary(R"({"strip_accents":null})"), "á"), Ids{10});
  EXPECT_EQ(inner(*from_vocabulary(R"({"tokenize_chinese_chars":false})"), "a漢"), Ids{kUnk});
}

TEST_F(WordPiece, SpecialTokensInRawText) {
  const auto tokenizer = from_vocabulary();
  EXPECT_EQ(inner(*tokenizer, "un[MASK]un"), (Ids{kUn, kMask, kUn}));
  EXPECT_EQ(inner(*tokenizer, "[mask]").size(), 3U);  // brackets and an unknown word
  EXPECT_EQ(inner(*tokenizer, "[[SEP]]"), (Ids{kUnk, kSep, kUnk}));
}

TEST_F(WordPiece, MarkersSurviveTheCut) {
  const auto tokenizer = from_vocabulary();
  EXPECT_EQ(tokenizer->encode("unaffable a", 2), (Ids{kCls, kSep}));
  EXPECT_EQ(tokenizer->encode("unaffable a", 4), (Ids{kCls, kUn, kAff, kSep}));
  EXPECT_EQ(tokenizer->encode("[MASK][MASK] a", 3), (Ids{kCls, kMask, kSep}));
  EXPECT_EQ(tokenizer->encode("unaffable a", 6), (Ids{kCls, kUn, kAff, kAble, 10, kSep}));
  EXPECT_DND_ERROR(tokenizer->encode("a", 1), ErrorKind::usage, "no room for the two markers");
}

TEST_F(WordPiece, BatchesArePaddedRight) {
  const TokenBatch batch = tokenize(*from_vocabulary(), {"a", "", "un a a a a"}, 5);
  EXPECT_EQ(batch.prompts, 3);
  EXPECT_EQ(batch.length, 5);
  EXPECT_EQ(batch.ids, (Ids{2, 10, 3, 0, 0, 2, 3, 0, 0, 0, 2, 5, 10, 10, 3}));
  EXPECT_EQ(batch.mask, (std::vector<std::uint8_t>{1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1}));
}

TEST_F(WordPiece, WordsLongerThanTheLimitAreUnknown) {
  dir_.file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\né\n##é\n");
  dir_.file("tokenizer_config.json", R"({"strip_accents":false})");
  const auto tokenizer = load_tokenizer(dir_.path());
  std::string word;
  for (int i = 0; i < 100; ++i) word += "é";
  EXPECT_EQ(inner(*tokenizer, word).size(), 100U);  // characters, not bytes
  EXPECT_EQ(inner(*tokenizer, word + "é"), Ids{kUnk});
}

TEST_F(WordPiece, BytesThatAreNotUtf8AreDeleted) {
  EXPECT_EQ(inner(*from_vocabulary(), "u\xFFn\xC3"), Ids{kUn});
}

TEST_F(WordPiece, VocabularyFile) {
  dir_.file("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\na\r\n");
  const auto tokenizer = load_tokenizer(dir_.path());
  EXPECT_EQ(inner(*tokenizer, "a"), Ids{5});  // the last of two
  EXPECT_EQ(tokenizer->vocabulary_size(), 6);
  dir_.file("vocab.txt", "[PAD]\n[UNK]\n[SEP]\n");
  EXPECT_DND_ERROR(load_tokenizer(dir_.path()), ErrorKind::data, "the vocabulary has no [CLS]");
}

TEST_F(WordPiece, FolderWithoutTokenizer) {
  EXPECT_DND_ERROR(load_tokenizer(dir_.path()), ErrorKind::no_input,
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

class TokenizerJson : public WordPiece {
 protected:
  std::unique_ptr<TextTokenizer> load(const Json& json) {
    dir_.file("tokenizer.json", json_line(json));
    return load_tokenizer(dir_.path());
  }
  // What load() says about the small file with `value` at `pointer`.
  void expect_refused(const char* pointer, const Json& value, const char* message) {
    Json json = bert_json();
    json[Json::json_pointer(pointer)] = value;
    EXPECT_DND_ERROR(load(json), ErrorKind::data, message);
  }
};

TEST_F(TokenizerJson, BertProcessing) {
  const auto tokenizer = load(bert_json());
  EXPECT_EQ(inner(*tokenizer, "aaaa á aaaaa[SEP]b"), (Ids{9, 8, 8, 8, 9, kUnk, kSep, kUnk}));
  EXPECT_EQ(tokenizer->vocabulary_size(), 10);
}

// The embedding needs a row for the markers, which need not be in the vocabulary.
TEST_F(TokenizerJson, MarkersCountAsVocabulary) {
  Json json = bert_json();
  json["post_processor"]["cls"] = {"[CLS]", 50};
  EXPECT_EQ(load(json)->vocabulary_size(), 51);
  json["post_processor"]["sep"] = {"[SEP]", 60};
  EXPECT_EQ(load(json)->vocabulary_size(), 61);
}

TEST_F(TokenizerJson, SettingsBesideItWin) {
  dir_.file("tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_EQ(inner(*load(bert_json()), "A á a"), (Ids{kUnk, kUnk, 9}));
}

TEST_F(TokenizerJson, RefusesOtherKinds) {
  const char* advice = "only BERT's tokenizer is reproduced";
  expect_refused("/model/type", "BPE", advice);
  expect_refused("/normalizer/type", "NFC", advice);
  expect_refused("/pre_tokenizer/type", "Metaspace", advice);
  expect_refused("/post_processor/type", "RobertaProcessing", advice);
  expect_refused("/normalizer", nullptr, "normalizer: expected an object, got null");
  expect_refused("/model/continuing_subword_prefix", "", "continuing_subword_prefix ''");
  expect_refused("/added_tokens/0/lstrip", true, "added_tokens[0]: 'lstrip' is set");
  expect_refused("/added_tokens/0/normalized", true, "'normalized' is set");
  expect_refused("/added_tokens/0/content", "", "'content' is empty");
}

TEST_F(TokenizerJson, RefusesMalformedParts) {
  expect_refused("/model/vocab/a", -1, "model: vocab: expected a token id");
  expect_refused("/model/vocab/a", 1e20, "expected a token id");
  expect_refused("/model/vocab/a", "9", "expected a token id");
  expect_refused("/model/unk_token", "<unk>", "the vocabulary has no <unk>");
  expect_refused("/model/unk_token", "\x1b[2J", "the vocabulary has no \\x1b[2J");
  expect_refused("/model/vocab", {{"[UNK]", 1}}, "the vocabulary has no [PAD]");
  expect_refused("/post_processor/sep", {"[SEP]"}, "'sep': expected [token, id]");
  expect_refused("/added_tokens/0/id", 4294967296, "added_tokens[0]: expected a token id");
}

TEST_F(TokenizerJson, Templates) {
  const auto with_single = [](const char* single) {
    Json json = bert_json();
    json["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", parse_json(single, "test")},
        {"special_tokens", {{"[CLS]", {{"ids", {2}}}}, {"[SEP]", {{"ids", {3}}}}}}};
    return json;
  };
  constexpr const char* kGood =
      R"([{"SpecialToken":{"id":"[CLS]"}},{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"[SEP]"}}])";
  EXPECT_EQ(load(with_single(kGood))->encode("a", 9), (Ids{kCls, 9, kSep}));
  EXPECT_DND_ERROR(
      load(with_single(R"([{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"[SEP]"}}])")),
      ErrorKind::data, "'single' is not [CLS] A [SEP]");
  Json two = with_single(kGood);
  two["post_processor"]["special_tokens"]["[SEP]"]["ids"] = {3, 3};
  EXPECT_DND_ERROR(load(two), ErrorKind::data, "[SEP]: expected one id");
  Json unknown = with_single(kGood);
  unknown["post_processor"]["single"][0]["SpecialToken"]["id"] = "\x1b[2J";
  EXPECT_DND_ERROR(load(unknown), ErrorKind::data, "key '\\x1b[2J' is missing");
}

}  // namespace
}  // namespace dnd::text
