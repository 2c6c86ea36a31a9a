// Folders of base models against what transformers makes of them (scripts/make_folder_cases.py), and what
// transformers has no word for.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/json.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::tokenizer {
namespace {

namespace fs = std::filesystem;
using dnd::testing::TempDir;
using Ids = std::vector<TokenId>;

Json or_null(const std::function<Json()>& make) {
  try {
    return make();
  } catch (const Error&) {
    return nullptr;
  }
}

Json answer(const BaseTokenizer& tokenizer, const std::string& text) {
  const auto decoded = [&](bool skip) {
    return or_null([&] { return Json(tokenizer.decode(tokenizer.encode(text), skip)); });
  };
  return Json::array({or_null([&] { return Json(tokenizer.encode(text, false)); }),
                      or_null([&] { return Json(tokenizer.encode(text)); }), decoded(false),
                      decoded(true)});
}

Json facts(const FolderTokenizer& folder) {
  Json tokens = Json::object();
  for (const auto& [name, text] : folder.special_tokens) {
    const std::optional<TokenId> id = folder.special_id(name);
    tokens[name] = Json::array({text, id ? Json(*id) : Json(nullptr)});
  }
  Json templates = Json::object();
  for (const auto& [name, source] : folder.chat_templates) templates[name] = source;
  return {{"special_tokens", tokens}, {"chat_templates", templates}};
}

TEST(ReadFolder, IdsTextsTokensAndTemplatesOfTransformers) {
  const Json golden = read_json_file(testing::data_path("tokenizer/folders.json"), "");
  for (const Json& item : golden.at("cases")) {
    const TempDir dir;
    Json document = item.at("document");
    document["model"] = golden.at("models")[item.at("model").get<std::size_t>()];
    dir.file("tokenizer.json", json_line(document));
    fs::create_directories(dir / "additional_chat_templates");
    for (const auto& [name, content] : item.at("files").items()) {
      dir.file(name, content.get<std::string>());
    }
    const std::string shown = cat("case of seed ", item.at("seed").get<int>());
    const FolderTokenizer folder = read_folder(dir.path());
    // Without regard to order.
    EXPECT_EQ(nlohmann::json(facts(folder)), nlohmann::json(item.at("facts"))) << shown;
    for (std::size_t i = 0; i < golden.at("texts").size(); ++i) {
      const std::string text = golden.at("texts")[i].get<std::string>();
      EXPECT_EQ(answer(*folder.tokenizer, text), item.at("answers")[i]) << shown << " " << text;
    }
  }
}

// A tokenizer of a few words with spaces before them, as the Llama kind has it.
class ReadFolderTest : public ::testing::Test {
 protected:
  ReadFolderTest() {
    const Json words = {{"<unk>", 0U}, {"<s>", 1U},    {"</s>", 2U}, {"\u2581", 3U},
                        {"a", 4U},     {"b", 5U},      {"\n", 6U},   {"\u2581a", 7U},
                        {"c", 8U},     {"\u2581b", 9U}};
    document_ = {{"version", "1.0"},
                 {"added_tokens", Json::array()},
                 {"normalizer", nullptr},
                 {"pre_tokenizer",
                  {{"type", "Metaspace"},
                   {"replacement", "\u2581"},
                   {"prepend_scheme", "first"},
                   {"split", true}}},
                 {"post_processor", nullptr},
                 {"decoder",
                  {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}}},
                 {"model",
                  {{"type", "BPE"},
                   {"unk_token", "<unk>"},
                   {"vocab", words},
                   {"merges", Json::array({"\u2581 a", "\u2581 b"})}}}};
  }

  FolderTokenizer read(const Json& settings = Json::object(),
                       const Json& config = Json::object()) const {
    dir_.file("tokenizer.json", json_line(document_));
    dir_.file("tokenizer_config.json", json_line(settings));
    dir_.file("config.json", json_line(config));
    return read_folder(dir_.path());
  }

  void refuses(const Json& settings, const std::string& words,
               const Json& config = Json::object()) const {
    EXPECT_DND_ERROR(read(settings, config), ErrorKind::data, words);
  }

  TempDir dir_;
  Json document_;
};

TEST_F(ReadFolderTest, TextsThatFollowOthersKeepTheirSpace) {
  const FolderTokenizer folder = read({{"eos_token", "</s>"}});
  const BaseTokenizer& tokenizer = *folder.tokenizer;
  const Ids before = tokenizer.encode("a b");
  EXPECT_EQ(before, (Ids{7, 9}));
  EXPECT_EQ(tokenizer.decode(Ids{9, 4}, true), "ba");
  EXPECT_EQ(tokenizer.decode_after(before, Ids{9, 4}), " ba");
  EXPECT_EQ(tokenizer.decode_after({}, Ids{9, 4}), "ba");
  EXPECT_EQ(tokenizer.decode_after(before, Ids{2}), "");
  EXPECT_EQ(folder.special_id("eos_token"), 2);
  EXPECT_EQ(folder.special_id("pad_token"), std::nullopt);
  EXPECT_EQ(tokenizer.vocabulary_size(), 10);
}

TEST_F(ReadFolderTest, AddedTokensAreNotTheModels) {
  const FolderTokenizer folder = read({{"pad_token", "<pad>"}, {"extra_special_tokens", {"<x>"}}});
  EXPECT_EQ(folder.special_id("pad_token"), 10);
  EXPECT_EQ(folder.tokenizer->id_of("<x>"), 11);
  EXPECT_EQ(folder.tokenizer->token_of(11), "<x>");
  EXPECT_EQ(folder.tokenizer->vocabulary_size(), 12);
  EXPECT_EQ(folder.tokenizer->model_vocabulary_size(), 10);
}

TEST_F(ReadFolderTest, ClassesThatAreNotRebuiltAreRefusedByName) {
  refuses({{"tokenizer_class", "CohereTokenizerFast"}}, "the tokenizer_class CohereTokenizer has");
  refuses(Json::object(), "the tokenizer_class T5Tokenizer has", {{"model_type", "t5"}});
  refuses(Json::object(), "the tokenizer_class XLMTokenizer has",
          {{"tokenizer_class", "XLMTokenizer"}});
  refuses({{"tokenizer_class", "BertTokenizer"}}, "the model is BPE, the tokenizer_class");
  read({{"tokenizer_class", "NobodysTokenizer"}});
  // A folder's own code is not run; the class that has its name here is taken.
  refuses({{"tokenizer_class", "CohereTokenizer"}, {"auto_map", {{"AutoTokenizer", {"x", "y"}}}}},
          "the tokenizer_class CohereTokenizer has", {{"model_type", "mistral"}});
  read({{"tokenizer_class", "CohereTokenizer"}}, {{"model_type", "mistral"}});
}

TEST_F(ReadFolderTest, SettingsThatTransformersRefusesToo) {
  refuses({{"eos_token", 3}}, "eos_token: expected a string or an AddedToken, got number");
  refuses({{"eos_token", {{"content", "</s>"}}}}, "eos_token: expected a string or an AddedToken");
  refuses({{"extra_special_tokens", "x"}}, "extra_special_tokens: expected an array, got string");
  refuses({{"extra_special_tokens", {1}}}, "extra_special_tokens: expected a string");
  refuses({{"added_tokens_decoder", {{"x", Json::object()}}}},
          "added_tokens_decoder: 'x' is no id");
  refuses({{"added_tokens_decoder", {{"5000000000", Json::object()}}}}, "has the id 5000000000");
  refuses({{"added_tokens_decoder", Json::array()}}, "added_tokens_decoder");
  refuses({{"chat_template", 1}}, "chat_template");
  refuses({{"chat_template", {{{"name", "x"}}}}}, "chat_template[0]");
  refuses({{"fast_tokenizer_files", {"tokenizer.json", "tokenizer.4.0.json"}}},
          "'fast_tokenizer_files' names others");
  refuses(Json::array(), "tokenizer_config.json");
  document_.erase("model");
  refuses(Json::object(), "model");
}

TEST_F(ReadFolderTest, FilesThatAreMissingOrNoUtf8) {
  const TempDir empty;
  EXPECT_FALSE(has_tokenizer(empty.path()));
  EXPECT_DND_ERROR(read_folder(empty.path()), ErrorKind::no_input,
                   "holds neither tokenizer.json nor tokenizer.model (SentencePiece)");
  read();
  EXPECT_TRUE(has_tokenizer(dir_.path()));
  dir_.file("chat_template.jinja", "\xff");
  refuses(Json::object(), "chat_template.jinja: is not UTF-8");
}

// A SentencePiece model with one piece of each (kind, text).
std::string piece_model(const std::vector<std::pair<int, std::string>>& pieces) {
  std::string model;
  for (const auto& [kind, text] : pieces) {
    std::string piece = cat('\x0a', static_cast<char>(text.size()), text);
    if (kind != 1) piece += cat('\x18', static_cast<char>(kind));
    model += cat('\x0a', static_cast<char>(piece.size()), piece);
  }
  return model;
}

TEST_F(ReadFolderTest, ATokenizerModelBesideItHasTheSameTokens) {
  std::vector<std::pair<int, std::string>> pieces = {{2, "<unk>"},  {3, "<s>"}, {3, "other"},
                                                     {1, "\u2581"}, {1, "a"},   {1, "b"}};
  dir_.file("tokenizer.model", piece_model(pieces));
  read();
  pieces[4].second = "z";
  dir_.file("tokenizer.model", piece_model(pieces));
  refuses(Json::object(),
          "tokenizer.model: token 4 is 'z', tokenizer.json has 'a' (files of two tokenizers?");
  // An added token stands in the place of a piece on purpose.
  read({{"added_tokens_decoder", {{"4", {{"content", "a"}}}}}});
  pieces[4].second = "a";
  for (int i = 0; i < 5; ++i) pieces.emplace_back(1, cat("more", i));
  dir_.file("tokenizer.model", piece_model(pieces));
  refuses(Json::object(), "token 6 is 'more0', tokenizer.json has '\\x0a'");
  dir_.file("tokenizer.model", "IQ== 0\nIg== 1\n");  // tiktoken's
  read();
}

TEST(SentencePieceFolder, IsReadThroughTheSameInterface) {
  const TempDir dir;
  fs::copy_file(testing::data_path("text/llama/bpe.model"), dir / "tokenizer.model");
  dir.file("tokenizer_config.json",
           R"({"chat_template": "{{ x }}", "pad_token": {"content": "</s>"},
    "added_tokens_decoder": {"1000": {"content": "<|end|>", "special": true}}, "eos_token": "<|end|>"})");
  const FolderTokenizer folder = read_folder(dir.path());
  const BaseTokenizer& tokenizer = *folder.tokenizer;
  EXPECT_EQ(folder.special_id("bos_token"), 1);
  EXPECT_EQ(folder.special_id("eos_token"), 1000);
  EXPECT_EQ(folder.special_id("pad_token"), 2);
  EXPECT_EQ(folder.special_id("unk_token"), 0);
  EXPECT_EQ(folder.chat_templates, (std::vector<ChatTemplate>{{"default", "{{ x }}"}}));
  Ids ids = tokenizer.encode("the question");
  EXPECT_EQ(ids[0], 1);
  EXPECT_EQ(tokenizer.encode("the question", false), Ids(ids.begin() + 1, ids.end()));
  ids.push_back(1000);
  EXPECT_EQ(tokenizer.decode(ids, true), "the question");
  EXPECT_EQ(tokenizer.decode(ids, false), "<s> the question<|end|>");
  EXPECT_EQ(tokenizer.decode_after(Ids{1}, ids), " the question");
  EXPECT_EQ(tokenizer.token_of(1000), "<|end|>");
  EXPECT_EQ(tokenizer.vocabulary_size(), 1001);
  EXPECT_LT(tokenizer.model_vocabulary_size(), 1000);
}

}  // namespace
}  // namespace dnd::tokenizer
