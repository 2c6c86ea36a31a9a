#include "text/sentencepiece.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"
#include "support/zip_writer.h"

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
    return load_sentencepiece(dir_.path());
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
  const auto tokenizer = load_sentencepiece(kFolder);
  const TokenBatch batch = tokenize(*tokenizer, prompts, 24);
  EXPECT_EQ(batch.prompts, 6);
  EXPECT_EQ(batch.length, 24);
  EXPECT_EQ(batch.ids, ids);
  EXPECT_EQ(batch.mask, mask);
  EXPECT_EQ(tokenizer->vocabulary_size(), 120);
  EXPECT_EQ(tokenizer->padding_id(), 0);
}

TEST_F(SentencePiece, TheEndMarkerSurvivesTheCut) {
  const auto tokenizer = load_sentencepiece(kFolder);
  const Ids all = tokenizer->encode("Which gas do plants take in?", 100);
  for (std::size_t length = 1; length <= all.size(); ++length) {
    Ids expected(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length) - 1);
    expected.push_back(1);
    EXPECT_EQ(tokenizer->encode("Which gas do plants take in?", length), expected);
  }
  EXPECT_DND_ERROR(tokenizer->encode("x", 0), ErrorKind::usage, "no room for the end marker");
}

TEST_F(SentencePiece, SpecialTokensInText) {
  const auto tokenizer = load_sentencepiece(kFolder);
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
  const auto tokenizer = load_sentencepiece(kFolder);
  EXPECT_EQ(tokenizer->encode("\xFF\xC3", 8).back(), 1);
  EXPECT_EQ(tokenizer->encode(std::string_view("a\0b", 3), 8).back(), 1);
}

TEST_F(SentencePiece, BrokenModels) {
  dir_.file("spiece.model", "not a model");
  EXPECT_DND_ERROR(load_sentencepiece(dir_.path()), ErrorKind::data,
                   "spiece.model: not a SentencePiece model");
  dir_.file("spiece.model", "");
  EXPECT_DND_ERROR(load_sentencepiece(dir_.path()), ErrorKind::data, "spiece.model");
  EXPECT_DND_ERROR(load_sentencepiece(dir_ / "none"), ErrorKind::no_input, "spiece.model");
}

// A protobuf field of bytes.
std::string field(unsigned number, const std::string& content) {
  std::string size;
  std::size_t left = content.size();
  for (; left > 0x7F; left >>= 7U) size += static_cast<char>(0x80U | (left & 0x7FU));
  return static_cast<char>(number << 3U | 2U) + size + static_cast<char>(left) + content;
}

// A model whose normalisation replaces "t", "tt", ... up to `depth` letters by the text at `value`:
// a trie of one path, each node's children in a block of 256 units of their own.
struct HostileModel {
  explicit HostileModel(std::uint32_t depth, std::uint32_t value = 0)
      : units(256 * (depth + 2), 0x80000000U) {
    units[0] = 256U << 10U;
    for (std::uint32_t i = 1; i <= depth; ++i) {
      const std::uint32_t children = 256 * (i + 1);
      units[node(i)] = 't' | 0x100U | (node(i) ^ children) << 10U;
      units[children] = 0x80000000U | value;
    }
  }
  static std::uint32_t node(std::uint32_t depth) { return 256 * depth ^ 't'; }

  std::string bytes() const {
    const auto piece = [](const std::string& text, char type) {
      return field(1, field(1, text) + "\x18" + type);
    };
    std::string trie;
    for (const std::uint32_t unit : units) trie += testing::little_endian(unit, 4);
    const std::string rules = testing::little_endian(trie.size(), 4) + trie + std::string("x\0", 2);
    return piece("<pad>", 3) + piece("</s>", 3) + piece("<unk>", 2) + piece("x", 1) +
           field(2, "\x18\x01") + field(3, field(2, rules));
  }

  std::vector<std::uint32_t> units;
};

// The library trusts the model's trie; each of these made it read what is not there.
TEST_F(SentencePiece, HostileNormalisation) {
  const auto load = [&](const std::string& model) {
    dir_.file("spiece.model", model);
    return load_sentencepiece(dir_.path());
  };
  const auto expect_refused = [&](const std::string& model, const char* message) {
    SCOPED_TRACE(message);
    EXPECT_DND_ERROR(load(model), ErrorKind::data, message);
    EXPECT_DND_ERROR(load(model), ErrorKind::data, "spiece.model: ");
  };
  const std::string texts = std::string(40, 't');
  const auto sound = load(HostileModel(1).bytes());
  EXPECT_EQ(sound->encode("ttt", 9), sound->encode("xxx", 9));
  EXPECT_EQ(load(HostileModel(32).bytes())->encode(texts, 99).back(), 1);
  expect_refused(HostileModel(33).bytes(), "has too many values on one path");
  expect_refused(HostileModel(1, 2).bytes(), "points outside the texts");
  expect_refused(HostileModel(1, 0x7FFFFFFF).bytes(), "points outside the texts");
  HostileModel outside(2);
  outside.units[HostileModel::node(2)] = 't' | 0x200U | 0x1FFFFFU << 10U;
  expect_refused(outside.bytes(), "points outside itself");
  HostileModel cycle(1);
  cycle.units[HostileModel::node(1)] = 't' | static_cast<std::uint32_t>('t') << 10U;
  expect_refused(cycle.bytes(), "has a cycle");
  HostileModel empty(1);
  empty.units.clear();
  expect_refused(empty.bytes(), "is empty");
  expect_refused(field(3, field(2, "abc")), "is empty");
  expect_refused(field(3, field(2, std::string("\xFF\0\0\0abc", 7))),
                 "rules of 3 bytes with a trie of 255");
}

// The library throws an exception of its own.
TEST_F(SentencePiece, APieceThatBeginsWithNul) {
  dir_.file("spiece.model",
            HostileModel(1).bytes() + field(1, field(1, std::string(1, '\0')) + "\x18\x01"));
  EXPECT_DND_ERROR(load_sentencepiece(dir_.path()), ErrorKind::data, "zero-length key");
}

TEST_F(SentencePiece, MalformedProtobuf) {
  for (const char* model : {"\x1a\x05"
                            "ab",
                            "\x1b", "\x1a\x80", "\x1a\x03\x12\x09x",
                            "\x09"
                            "1234567",
                            "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
    dir_.file("spiece.model", model);
    EXPECT_DND_ERROR(load_sentencepiece(dir_.path()), ErrorKind::data, "malformed protobuf");
  }
}

}  // namespace
}  // namespace dnd::text
