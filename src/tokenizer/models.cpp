// The simple models, and the choice of a model.
#include <limits>

#include "base/strings.h"
#include "tokenizer/code_points.h"
#include "tokenizer/model.h"

namespace dnd::tokenizer {
namespace {

class WordLevel final : public Model {
 public:
  WordLevel(Vocabulary vocabulary, const std::string& unknown) {
    vocabulary_ = std::move(vocabulary);
    unknown_ = vocabulary_.find(unknown);
  }

  void tokenize(std::string_view piece, std::vector<TokenId>& ids) const override {
    const TokenId id = vocabulary_.find(piece);
    if (id == kNoToken && unknown_ == kNoToken) {
      fail(ErrorKind::data, "tokenizer: '", printable(piece),
           "' is unknown, and the vocabulary has no token for that");
    }
    ids.push_back(id == kNoToken ? unknown_ : id);
  }

 private:
  TokenId unknown_ = kNoToken;
};

// The longest known beginning of what is left, again and again; a piece that is not covered is unknown.
class WordPiece final : public Model {
 public:
  WordPiece(Vocabulary vocabulary, const std::string& unknown, const std::string& prefix,
            std::size_t longest)
      : longest_(longest) {
    vocabulary_ = std::move(vocabulary);
    unknown_ = vocabulary_.find(unknown);
    vocabulary_.each([&](std::string_view token, TokenId id) { trie_.add(token, id); });
    continued_ = trie_.walk(ByteTrie::kRoot, prefix);
  }

  void tokenize(std::string_view piece, std::vector<TokenId>& ids) const override {
    const std::size_t before = ids.size();
    if (piece.size() > longest_ && count_points(piece) > longest_) {
      add_unknown(ids);
      return;
    }
    ByteTrie::Node node = ByteTrie::kRoot;
    while (!piece.empty()) {
      const auto [id, size] = longest_token(node, piece);
      if (id == kNoToken) {
        ids.resize(before);
        add_unknown(ids);
        return;
      }
      ids.push_back(id);
      piece.remove_prefix(size);
      node = continued_;
    }
  }

 private:
  struct Found {
    TokenId id;
    std::size_t size;
  };
  Found longest_token(ByteTrie::Node node, std::string_view piece) const {
    Found found{kNoToken, 0};
    if (node == ByteTrie::kNone) return found;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      node = trie_.child(node, static_cast<unsigned char>(piece[i]));
      if (node == ByteTrie::kNone) break;
      if (trie_.value(node) >= 0) found = {trie_.value(node), i + 1};
    }
    return found;
  }

  void add_unknown(std::vector<TokenId>& ids) const {
    if (unknown_ == kNoToken) {
      fail(ErrorKind::data, "tokenizer: the WordPiece vocabulary has no token for the unknown");
    }
    ids.push_back(unknown_);
  }

  ByteTrie trie_;
  ByteTrie::Node continued_ = ByteTrie::kRoot;
  TokenId unknown_ = kNoToken;
  std::size_t longest_;
};

}  // namespace

void read_vocabulary(JsonObject& fields, Vocabulary& vocabulary) {
  const Json& tokens = fields.at("vocab");
  if (!tokens.is_object()) {
    fail(ErrorKind::data, fields.where(), ": 'vocab': expected an object, got ",
         tokens.type_name());
  }
  for (const auto& [token, id] : tokens.items()) {
    if (!id.is_number_unsigned() ||
        id.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<TokenId>::max()}) {
      fail(ErrorKind::data, fields.where(), ": vocab: '", printable(token),
           "': expected an id from 0 to 2,147,483,647");
    }
    vocabulary.add(token, id.get<TokenId>());
  }
  vocabulary.finish();
}

std::unique_ptr<Model> read_wordlevel(JsonObject& fields) {
  Vocabulary vocabulary;
  read_vocabulary(fields, vocabulary);
  return std::make_unique<WordLevel>(std::move(vocabulary), fields.text("unk_token"));
}

std::unique_ptr<Model> read_wordpiece(JsonObject& fields) {
  Vocabulary vocabulary;
  read_vocabulary(fields, vocabulary);
  const std::string unknown = fields.text("unk_token");
  const std::string prefix = fields.text("continuing_subword_prefix");
  const std::int64_t longest =
      fields.integer("max_input_chars_per_word", 0, std::numeric_limits<std::int64_t>::max());
  return std::make_unique<WordPiece>(std::move(vocabulary), unknown, prefix,
                                     static_cast<std::size_t>(longest));
}

std::unique_ptr<Model> read_model(const Json& value, const std::string& who) {
  JsonObject fields(value, who);
  std::string type = fields.text_or("type", "");
  if (type.empty()) {  // older files
    type = fields.has("merges")                                   ? "BPE"
           : fields.has("max_input_chars_per_word")               ? "WordPiece"
           : fields.has("vocab") && fields.at("vocab").is_array() ? "Unigram"
                                                                  : "WordLevel";
  }
  if (type == "BPE") return read_bpe(fields);
  if (type == "Unigram") return read_unigram(fields);
  if (type == "WordPiece") return read_wordpiece(fields);
  if (type == "WordLevel") return read_wordlevel(fields);
  fail(ErrorKind::data, who, ": the type '", printable(type),
       "' is not supported (expected BPE, Unigram, WordPiece or WordLevel)");
}

}  // namespace dnd::tokenizer
