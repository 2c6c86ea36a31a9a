// What makes ids of a piece of text: BPE, WordPiece, WordLevel, Unigram.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tokenizer/vocabulary.h"

namespace dnd::tokenizer {

// Immutable after construction: one object may serve several threads.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  // Appends the ids of `piece`: UTF-8, not empty. Throws Error(data) for what has no id, where the model
  // has no token for the unknown.
  virtual void tokenize(std::string_view piece, std::vector<TokenId>& ids) const = 0;
  virtual TokenId find(std::string_view token) const { return vocabulary_.find(token); }
  virtual std::optional<std::string_view> token(TokenId id) const { return vocabulary_.token(id); }
  // How many tokens the model counts (of Unigram: with repeated ones).
  virtual std::size_t size() const { return vocabulary_.size(); }
  virtual TokenId last_id() const { return vocabulary_.last_id(); }

 protected:
  Vocabulary vocabulary_;
};

// The "model" of a tokenizer.json. `who` begins messages. Throws Error(data).
std::unique_ptr<Model> read_model(const Json& value, const std::string& who);

// For each kind. `fields` is the model's object.
std::unique_ptr<Model> read_bpe(JsonObject& fields);
std::unique_ptr<Model> read_unigram(JsonObject& fields);
std::unique_ptr<Model> read_wordpiece(JsonObject& fields);
std::unique_ptr<Model> read_wordlevel(JsonObject& fields);

// Of a tokenizer.json that the library itself reads: the scores of a Unigram model as its reader rounds
// numbers, which are not always the nearest ones. What transformers' classes make of a file has the
// nearest.
void read_scores_as_library(Json& document);

// {"token": id, ...}
void read_vocabulary(JsonObject& fields, Vocabulary& vocabulary);

}  // namespace dnd::tokenizer
