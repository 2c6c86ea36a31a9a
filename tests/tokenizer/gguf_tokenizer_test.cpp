// Tokenizers of GGUF files against llama.cpp's ids (scripts/make_gguf_tokenizer_cases.py), and what is
// refused.
#include "tokenizer/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/gguf_model.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::tokenizer {
namespace {

using formats::GgufEntries;
using formats::GgufFile;
using formats::GgufValue;
using Ids = std::vector<TokenId>;

std::filesystem::path data(const std::string& name) { return testing::data_path("gguf/" + name); }

class GgufTokenizerTest : public ::testing::Test {
 protected:
  // Entries of `name`, changed. They point into the file.
  FolderTokenizer read(
      const std::string& name,
      const std::function<void(GgufEntries&)>& change = [](GgufEntries&) {}) {
    const GgufFile file(data(name));
    GgufEntries entries = file.entries();
    change(entries);
    std::filesystem::remove(dir_ / "x.gguf");
    return read_gguf_tokenizer(GgufFile(testing::write_gguf(dir_ / "x.gguf", entries, {})));
  }

  testing::TempDir dir_;
};

void set(GgufEntries& entries, const std::string& key, GgufValue value) {
  std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
  entries.emplace_back(key, std::move(value));
}

void drop(GgufEntries& entries, const std::string& key) {
  std::erase_if(entries, [&](const auto& entry) { return entry.first == key; });
}

GgufValue boolean(bool value) { return {formats::GgufType::boolean, value}; }

TEST_F(GgufTokenizerTest, WordsOfEveryNameAreLlamaCppS) {
  const Json golden = read_json_file(data("tokenizers.json"), "");
  const Json& texts = golden.at("texts");
  for (const auto& [name, place] : golden.at("words").items()) {
    const std::string& words = name;  // as a lambda may hold it
    const FolderTokenizer read = this->read("words.gguf", [&](GgufEntries& entries) {
      set(entries, "tokenizer.ggml.pre", formats::gguf_text(words));
    });
    const Json& expected = golden.at("ids")[place.get<std::size_t>()];
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto text = texts[i].get<std::string>();
      EXPECT_EQ(read.tokenizer->encode(text), expected[i].get<Ids>()) << words << ": " << text;
    }
  }
}

TEST_F(GgufTokenizerTest, ScoresAreMerges) {
  const Json golden = read_json_file(data("tokenizers.json"), "");
  const FolderTokenizer read = this->read("scores.gguf");
  for (std::size_t i = 0; i < golden.at("texts").size(); ++i) {
    const auto text = golden.at("texts")[i].get<std::string>();
    EXPECT_EQ(read.tokenizer->encode(text), golden.at("scores")[i].get<Ids>()) << text;
  }
}

TEST_F(GgufTokenizerTest, TextsComeBack) {
  const Json golden = read_json_file(data("tokenizers.json"), "");
  for (const char* name : {"words.gguf", "scores.gguf"}) {
    const FolderTokenizer read = this->read(name);
    for (const Json& each : golden.at("texts")) {
      const auto text = each.get<std::string>();
      if (text.find("</s>") != std::string::npos) continue;  // a space comes behind it
      EXPECT_EQ(read.tokenizer->decode(read.tokenizer->encode(text, false), false), text) << name;
    }
  }
}

TEST_F(GgufTokenizerTest, WhatTheFileNames) {
  const Json golden = read_json_file(data("tokenizers.json"), "");
  const FolderTokenizer read = this->read("words.gguf");
  EXPECT_EQ(read.ends, golden.at("ends").get<Ids>());
  EXPECT_EQ(read.special_token("bos_token"), "<s>");
  EXPECT_EQ(read.special_token("eos_token"), "</s>");
  EXPECT_EQ(read.special_token("unk_token"), std::nullopt);
  const std::vector<ChatTemplate> templates = {
      {"default", "{{ bos_token }}{{ messages[0].content }}"}, {"tool", "none"}};
  EXPECT_TRUE(std::is_permutation(templates.begin(), templates.end(), read.chat_templates.begin(),
                                  read.chat_templates.end()));
  EXPECT_EQ(this->read("scores.gguf").special_token("unk_token"), "<unk>");  // the kind's default
}

TEST_F(GgufTokenizerTest, MarkersAreTheFilesOrTheKinds) {
  const auto first_and_last = [&](const std::string& name, const char* key, bool value) {
    const Ids ids = read(name, [&](GgufEntries& entries) {
                      set(entries, key, boolean(value));
                    }).tokenizer->encode("ab");
    return std::pair(ids.front(), ids.back());
  };
  const TokenId bos = *read("words.gguf").special_id("bos_token");
  EXPECT_EQ(first_and_last("words.gguf", "tokenizer.ggml.add_bos_token", true).first, bos);
  EXPECT_NE(first_and_last("words.gguf", "tokenizer.ggml.add_bos_token", false).first, bos);
  EXPECT_EQ(first_and_last("scores.gguf", "tokenizer.ggml.add_bos_token", true).first, 1);
  EXPECT_NE(first_and_last("scores.gguf", "tokenizer.ggml.add_bos_token", false).first, 1);
  EXPECT_EQ(first_and_last("scores.gguf", "tokenizer.ggml.add_eos_token", true).second, 2);
  const Ids ids = read("scores.gguf", [&](GgufEntries& entries) {
                    set(entries, "tokenizer.ggml.add_space_prefix", boolean(false));
                  }).tokenizer->encode("ab", false);
  EXPECT_NE(read("scores.gguf").tokenizer->encode("ab", false), ids);
}

TEST_F(GgufTokenizerTest, MoreTokensEndAnAnswerWhereTheFileSaysSo) {
  const auto read = this->read("words.gguf", [&](GgufEntries& entries) {
    set(entries, "tokenizer.ggml.eot_token_id", formats::gguf_u32(9));
    set(entries, "tokenizer.ggml.eos_token_id", formats::gguf_u32(8));
    set(entries, "tokenizer.ggml.eom_token_id", formats::gguf_u32(4000000));  // none
  });
  EXPECT_EQ(read.ends, (Ids{1, 2, 8, 9}));
}

TEST_F(GgufTokenizerTest, WhatIsNotSupportedIsRefusedByName) {
  const auto refusing = [&](const std::string& key, GgufValue value) {
    return [this, key, value] {
      read("words.gguf", [&](GgufEntries& entries) { set(entries, key, value); });
    };
  };
  const auto without = [&](const std::string& key) {
    return [this, key] { read("words.gguf", [&](GgufEntries& entries) { drop(entries, key); }); };
  };
  EXPECT_DND_ERROR(refusing("tokenizer.ggml.model", formats::gguf_text("bert"))(), ErrorKind::data,
                   "the kind 'bert'");
  EXPECT_DND_ERROR(refusing("tokenizer.ggml.pre", formats::gguf_text("klingon"))(), ErrorKind::data,
                   "the words 'klingon'");
  EXPECT_DND_ERROR(without("tokenizer.ggml.model")(), ErrorKind::data, "has no tokenizer");
  EXPECT_DND_ERROR(without("tokenizer.ggml.tokens")(), ErrorKind::data, "has no tokens");
  EXPECT_DND_ERROR(without("tokenizer.ggml.merges")(), ErrorKind::data, "no list of merges");
  EXPECT_DND_ERROR(refusing("tokenizer.ggml.token_type", formats::gguf_u32(1))(), ErrorKind::data,
                   "expected a list of i32, got u32");
  EXPECT_DND_ERROR(refusing("tokenizer.ggml.add_bos_token", formats::gguf_u32(1))(),
                   ErrorKind::data, "expected a boolean");
  EXPECT_DND_ERROR(read("words.gguf",
                        [](GgufEntries& entries) {
                          set(entries, "tokenizer.ggml.add_bos_token", boolean(true));
                          drop(entries, "tokenizer.ggml.bos_token_id");
                        }),
                   ErrorKind::data, "no token has that part");
}

// Of a list of texts as it stands in a file.
class TextList {
 public:
  explicit TextList(const std::vector<std::string>& texts) : count_(texts.size()) {
    for (const std::string& text : texts) {
      const std::uint64_t size = text.size();
      bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
    }
  }
  GgufValue value() const {
    return {formats::GgufType::array, formats::GgufArray{formats::GgufType::string, count_,
                                                         std::as_bytes(std::span(bytes_))}};
  }

 private:
  std::string bytes_;
  std::uint64_t count_;
};

TEST_F(GgufTokenizerTest, TokensAndMergesMustFit) {
  const auto tokens = [&](const std::vector<std::string>& texts,
                          const std::vector<std::string>& merges) {
    const TextList list(texts);
    const TextList pairs(merges);
    read("words.gguf", [&](GgufEntries& entries) {
      set(entries, "tokenizer.ggml.tokens", list.value());
      set(entries, "tokenizer.ggml.merges", pairs.value());
    });
  };
  tokens({"a", "b", "ab", "", std::string(1, '\0')}, {"a b"});
  EXPECT_DND_ERROR(tokens({"a", "b", "a"}, {}), ErrorKind::data, "tokens 0 and 2 are both 'a'");
  EXPECT_DND_ERROR(tokens({"a", "\xFF"}, {}), ErrorKind::data, "token 1 is not UTF-8");
  EXPECT_DND_ERROR(tokens({"a", "b"}, {"a b"}), ErrorKind::data, "'ab' is no token");
  EXPECT_DND_ERROR(tokens({"a", "b", "ab"}, {"ab"}), ErrorKind::data, "expected two tokens");
  EXPECT_DND_ERROR(tokens(std::vector<std::string>(2000), {}), ErrorKind::data, "has 846 entries");
}

TEST_F(GgufTokenizerTest, TheDoorOfFoldersTakesTheFileAndItsFolder) {
  std::filesystem::copy_file(data("words.gguf"), dir_ / "model.gguf");
  for (const std::filesystem::path& path : {dir_ / "model.gguf", dir_.path()}) {
    EXPECT_EQ(read_folder(path).special_token("bos_token"), "<s>");
  }
}

}  // namespace
}  // namespace dnd::tokenizer
