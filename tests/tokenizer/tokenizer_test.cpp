// Every component against what the library gave (scripts/make_tokenizer_cases.py).
#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "dnd/error.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::tokenizer {
namespace {

using dnd::testing::TempDir;

Json read_cases(const std::string& name) {
  return read_json_file(std::string(DND_TEST_DATA) + "/tokenizer/" + name, name);
}

Tokenizer make(const Json& document) { return Tokenizer::from_json(json_line(document), "test"); }

Json empty_document() {
  return {{"version", "1.0"},         {"added_tokens", Json::array()}, {"normalizer", nullptr},
          {"pre_tokenizer", nullptr}, {"post_processor", nullptr},     {"decoder", nullptr}};
}

// Ids as the cases have them: null where the library fails, a text where all are below 256.
Json encoded(const Tokenizer& tokenizer, const std::string& text, bool special) {
  std::vector<TokenId> ids;
  try {
    ids = tokenizer.encode(text, special);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return nullptr;
  }
  return ids;
}

Json unpacked(const Json& ids) {
  if (!ids.is_string()) return ids;
  std::vector<TokenId> list;
  const std::string text = ids.get<std::string>();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      list.push_back(byte);
    } else {
      list.push_back((byte & 0x1F) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    }
  }
  return list;
}

void expect_ids(const Json& document, const Json& texts, const Json& ids, bool special) {
  const Tokenizer tokenizer = make(document);
  Json shown = document;
  shown.erase("model");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = texts[i].get<std::string>();
    EXPECT_EQ(encoded(tokenizer, text, special), unpacked(ids[i]))
        << json_line(shown) << "\ntext " << json_line(texts[i]);
  }
}

TEST(Tokenizer, EveryNormalizerPreTokenizerAndPostProcessor) {
  const Json file = read_cases("encode.json");
  for (const Json& test : file.at("cases")) {
    Json document = empty_document();
    const auto part = test.at("part").get<std::string>();
    document[part] = test.at("value");
    document["model"] = file.at("model");
    for (std::size_t i = 0; i < test.at("added").get<std::size_t>(); ++i) {
      document["added_tokens"].push_back(file.at("added_tokens")[i]);
    }
    expect_ids(document, file.at("texts"), test.at("ids"), part == "post_processor");
  }
}

TEST(Tokenizer, EveryFlagOfAddedTokens) {
  const Json file = read_cases("added.json");
  for (const Json& test : file.at("cases")) {
    Json document = empty_document();
    document["added_tokens"] = test.at("added_tokens");
    document["normalizer"] = test.at("normalizer");
    document["model"] = file.at("model");
    expect_ids(document, file.at("texts"), test.at("ids"), false);
  }
}

TEST(Tokenizer, EveryModel) {
  const Json file = read_cases("models.json");
  for (const Json& test : file.at("cases")) {
    expect_ids(test.at("tokenizer"), file.at("texts"), test.at("ids"), false);
  }
}

TEST(Tokenizer, EveryDecoder) {
  const Json file = read_cases("decode.json");
  for (const Json& test : file.at("cases")) {
    Json document = empty_document();
    document["added_tokens"] = file.at("added_tokens");
    document["normalizer"] = file.at("normalizer");
    document["decoder"] = test.at("value");
    document["model"] = file.at("model");
    const Tokenizer tokenizer = make(document);
    for (std::size_t i = 0; i < file.at("lists").size(); ++i) {
      const auto ids = file.at("lists")[i].get<std::vector<TokenId>>();
      for (const bool skip : {false, true}) {
        Json text;
        try {
          text = tokenizer.decode(ids, skip);
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::data);
        }
        EXPECT_EQ(text, test.at("texts")[i][skip ? 1 : 0])
            << json_line(test.at("value")) << " of " << json_line(file.at("lists")[i]);
      }
    }
  }
}

TEST(Tokenizer, SplitsByExpressions) {
  const Json file = read_cases("expressions.json");
  for (const Json& test : file.at("cases")) {
    Json document = empty_document();
    document["pre_tokenizer"] = {{"type", "Split"},
                                 {"pattern", {{"Regex", test.at("expression")}}},
                                 {"behavior", "MergedWithNext"},
                                 {"invert", false}};
    document["model"] = file.at("model");
    expect_ids(document, file.at("texts"), test.at("ids"), false);
  }
}

TEST(Tokenizer, RefusesExpressionsByName) {
  const Json file = read_cases("expressions.json");
  for (const Json& expression : file.at("refused")) {
    Json document = empty_document();
    document["pre_tokenizer"] = {{"type", "Split"},
                                 {"pattern", {{"Regex", expression}}},
                                 {"behavior", "Isolated"},
                                 {"invert", false}};
    document["model"] = file.at("model");
    EXPECT_DND_ERROR(make(document), ErrorKind::data, "expression '");
  }
}

Json word_level() {
  Json document = empty_document();
  document["model"] = {{"type", "WordLevel"}, {"vocab", {{"a", 0}, {"b", 5}}}, {"unk_token", "a"}};
  return document;
}

TEST(Tokenizer, TellsTokensAndIds) {
  Json document = word_level();
  document["added_tokens"] = Json::parse(
      R"([{"id":9,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,
           "normalized":false,"special":true}])");
  const Tokenizer tokenizer = make(document);
  EXPECT_EQ(tokenizer.id_of("b"), 5);
  EXPECT_EQ(tokenizer.id_of("<s>"), 2);  // the next after as many tokens as the model has
  EXPECT_EQ(tokenizer.id_of("c"), std::nullopt);
  EXPECT_EQ(tokenizer.token_of(5), "b");
  EXPECT_EQ(tokenizer.token_of(2), "<s>");
  EXPECT_EQ(tokenizer.token_of(1), std::nullopt);
  EXPECT_EQ(tokenizer.token_of(-1), std::nullopt);
  EXPECT_EQ(tokenizer.vocabulary_size(), 6);
}

TEST(Tokenizer, TakesBytesThatAreNotUtf8ForReplacementCharacters) {
  const Json file = read_cases("encode.json");
  Json document = empty_document();
  document["model"] = file.at("model");
  const Tokenizer tokenizer = make(document);
  EXPECT_EQ(tokenizer.encode("a\xFFz", false), tokenizer.encode("a\uFFFDz", false));
}

TEST(Tokenizer, ServesSeveralThreads) {
  const Json file = read_cases("models.json");
  const Tokenizer tokenizer = make(file.at("cases")[0].at("tokenizer"));
  std::string text;
  for (const Json& line : file.at("texts")) text += line.get<std::string>() + "\n";
  const std::vector<TokenId> ids = tokenizer.encode(text, false);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) wrong += tokenizer.encode(text, false) == ids ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Tokenizer, RefusesWhatItDoesNotKnow) {
  const auto refused = [](const std::string& key, const char* value, const std::string& reason) {
    Json document = word_level();
    document[key] = Json::parse(value);
    EXPECT_DND_ERROR(make(document), ErrorKind::data, reason);
  };
  refused("normalizer", R"({"type":"Fancy"})", "normalizer: the type 'Fancy' is not supported");
  refused("pre_tokenizer", R"({"type":"Fancy"})", "pre_tokenizer: the type 'Fancy'");
  refused("post_processor", R"({"type":"Fancy"})", "post_processor: the type 'Fancy'");
  refused("decoder", R"({"type":"Fancy"})", "decoder: the type 'Fancy'");
  refused("model", R"({"type":"Fancy"})", "model: the type 'Fancy'");
  refused("version", R"("2.0")", "version '2.0', expected 1.0");
  refused("model", R"({"type":"BPE","vocab":{"a":0},"merges":["a a"]})",
          "'aa' is not in the vocabulary");
  refused("model", R"({"type":"BPE","vocab":{},"merges":[],"dropout":0.1})", "'dropout'");
  refused("model", R"({"type":"BPE","vocab":{"a":-1},"merges":[]})", "expected an id");
  refused("model", R"({"type":"Unigram","vocab":[["a",0]],"unk_id":1})", "'unk_id'");
  refused("pre_tokenizer", R"({"type":"Metaspace","replacement":"ab"})", "expected one character");
  refused("pre_tokenizer", R"({"type":"Metaspace","replacement":"a","add_prefix_space":false})",
          "'prepend_scheme'");
  refused("normalizer", R"({"type":"Precompiled","precompiled_charsmap":"AAAA"})",
          "normalisation rules");
  refused("decoder", R"({"type":"ByteLevel"})", "'add_prefix_space' is missing");
}

// Two segmentations with the same pieces in another order: the last bit of a score, as the library reads
// it, decides (with the nearest doubles it would be the other one both times). Tokens by `tokenizers` 0.23.
TEST(Tokenizer, ReadsScoresAsTheLibraryDoes) {
  const auto ids = [](double one, double two, const char* text) {
    Json document = word_level();
    document["model"] = {{"type", "Unigram"}, {"unk_id", nullptr}};
    document["model"]["vocab"] = Json::array({{"0", one}, {"00", two}});
    return make(document).encode(text, false);
  };
  EXPECT_EQ(ids(-7.241769753713182, -9.408900417068683, "000000000"),
            (std::vector<TokenId>{1, 1, 1, 1, 0}));
  EXPECT_EQ(ids(-7.706108753180938, -9.231208112722655, "0000000"),
            (std::vector<TokenId>{0, 1, 1, 1}));
}

TEST(Tokenizer, RefusesSequencesBeyondAllDepth) {
  Json normalizer = {{"type", "NFC"}};
  for (int i = 0; i < 20; ++i) {
    normalizer = {{"type", "Sequence"}, {"normalizers", Json::array({normalizer})}};
  }
  Json document = word_level();
  document["normalizer"] = normalizer;
  EXPECT_DND_ERROR(make(document), ErrorKind::data, "deeper than 16");
}

TEST(Tokenizer, RefusesHugeExpressions) {
  const auto refused = [](const std::string& expression, const std::string& reason) {
    Json document = word_level();
    document["pre_tokenizer"] = {{"type", "Split"},
                                 {"pattern", {{"Regex", expression}}},
                                 {"behavior", "Isolated"},
                                 {"invert", false}};
    EXPECT_DND_ERROR(make(document), ErrorKind::data, reason);
  };
  std::string words;
  for (int i = 0; i < 4000; ++i) words += "\\w";
  refused(words, "too many classes");
  refused(words + words, "at most 8192 are read");
  refused(std::string(200, '(') + std::string(200, ')'), "beyond all depth");
}

TEST(Tokenizer, StopsExpressionsThatTakeTooMuchWork) {
  Json document = word_level();
  document["pre_tokenizer"] = {{"type", "Split"},
                               {"pattern", {{"Regex", "(?:a+)+[bc]"}}},
                               {"behavior", "Isolated"},
                               {"invert", false}};
  const Tokenizer tokenizer = make(document);
  EXPECT_DND_ERROR(tokenizer.encode(std::string(60, 'a'), false), ErrorKind::data, "too much work");
}

TEST(Tokenizer, ReadsFiles) {
  const TempDir folder;
  const auto path = folder.file("tokenizer.json", json_line(word_level()));
  EXPECT_EQ(Tokenizer::from_file(path).encode("b", true), std::vector<TokenId>{5});
  EXPECT_DND_ERROR(Tokenizer::from_file(folder.path() / "missing.json"), ErrorKind::no_input,
                   "missing.json");
}

}  // namespace
}  // namespace dnd::tokenizer
