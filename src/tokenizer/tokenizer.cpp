#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"
#include "text/unicode.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/decoder.h"
#include "tokenizer/model.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/post_processor.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/workspace.h"

namespace dnd::tokenizer {
namespace {

constexpr std::uint64_t kLargestFile = 256ULL << 20U;
constexpr std::size_t kLongestInput = std::size_t{1} << 30U;

}  // namespace

struct Tokenizer::Parts {
  std::unique_ptr<Normalizer> normalizer;  // may be null, as the next three
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<PostProcessor> post_processor;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<Model> model;  // one that is there before read() stays
  AddedTokens added;
  bool maps_bytes = false;  // the model gets pieces in GPT-2's alphabet
  bool tracked = false;
  mutable Workspaces workspaces;

  void read(const Json& document, const std::string& who);
  void cut(std::string_view text, Workspace& workspace) const;
  void normalize(std::string_view part, std::size_t begin, Workspace& workspace) const;
  void tokenize(std::string_view piece, Workspace& workspace, std::vector<TokenId>& ids) const;
};

void Tokenizer::Parts::read(const Json& document, const std::string& who) {
  JsonObject fields(document, who);
  if (fields.has("version") && fields.text("version") != "1.0") {
    fail(ErrorKind::data, who, ": version '", printable(fields.text("version")), "', expected 1.0");
  }
  const auto part = [&](const char* key) { return cat(who, ": ", key); };
  if (fields.has("normalizer")) {
    normalizer = read_normalizer(fields.at("normalizer"), part("normalizer"));
  }
  if (fields.has("pre_tokenizer")) {
    pre_tokenizer = read_pre_tokenizer(fields.at("pre_tokenizer"), part("pre_tokenizer"));
  }
  if (fields.has("post_processor")) {
    post_processor = read_post_processor(fields.at("post_processor"), part("post_processor"));
  }
  if (fields.has("decoder")) decoder = read_decoder(fields.at("decoder"), part("decoder"));
  if (!model) model = read_model(fields.at("model"), part("model"));
  tracked = (normalizer && normalizer->needs_origins()) ||
            (pre_tokenizer && pre_tokenizer->needs_origins());
  maps_bytes = pre_tokenizer && !tracked && pre_tokenizer->drop_byte_level();
  if (fields.has("added_tokens")) {
    added.add(read_added_tokens(fields.at("added_tokens"), part("added_tokens")), *model,
              normalizer.get());
  }
}

void Tokenizer::Parts::normalize(std::string_view part, std::size_t begin,
                                 Workspace& workspace) const {
  if (!normalizer && !tracked && !added.finds_in_normalized()) {
    workspace.pieces.add_text(part);
    return;
  }
  NormalizedText& text = workspace.normalized;
  text.assign(part, tracked, static_cast<std::uint32_t>(begin));
  if (normalizer) normalizer->normalize(text);
  if (!added.finds_in_normalized()) {
    workspace.pieces.add_part(text, 0, text.text().size());
    return;
  }
  added.find_in_normalized(text.text(), workspace.normalized_parts);
  for (const AddedTokens::Part& found : workspace.normalized_parts) {
    if (found.token != kNoToken) {
      if (found.begin < found.end) workspace.pieces.add_token(found.token);
    } else {
      workspace.pieces.add_part(text, found.begin, found.end);
    }
  }
}

void Tokenizer::Parts::cut(std::string_view text, Workspace& workspace) const {
  workspace.pieces.reset(tracked);
  if (!added.finds_in_original()) {
    normalize(text, 0, workspace);
  } else {
    added.find_in_original(text, workspace.original_parts);
    for (const AddedTokens::Part& part : workspace.original_parts) {
      if (part.token != kNoToken) {
        if (part.begin < part.end) workspace.pieces.add_token(part.token);
      } else {
        normalize(text.substr(part.begin, part.end - part.begin), part.begin, workspace);
      }
    }
  }
  if (pre_tokenizer) pre_tokenizer->split(workspace.pieces);
}

void Tokenizer::Parts::tokenize(std::string_view piece, Workspace& workspace,
                                std::vector<TokenId>& ids) const {
  const bool short_enough = piece.size() <= WordCache::kLongestPiece;
  if (short_enough && workspace.words.find(piece, ids)) return;
  const std::size_t before = ids.size();
  if (maps_bytes) {
    workspace.mapped.clear();
    append_byte_level(workspace.mapped, piece);
    model->tokenize(workspace.mapped, ids);
  } else {
    model->tokenize(piece, ids);
  }
  if (short_enough) workspace.words.store(piece, ids.data() + before, ids.size() - before);
}

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& who) {
  Json document = parse_json(json, who);
  read_scores_as_library(document);
  return from_document(document, who);
}

Tokenizer Tokenizer::from_document(const Json& document, const std::string& who) {
  return from_document(document, nullptr, who);
}

Tokenizer Tokenizer::from_document(const Json& document, std::unique_ptr<Model> model,
                                   const std::string& who) {
  auto parts = std::make_unique<Parts>();
  parts->model = std::move(model);
  parts->read(document, who);
  return Tokenizer(std::move(parts));
}

void Tokenizer::replace_post_processor(const Json& value, const std::string& who) {
  parts_->post_processor = read_post_processor(value, cat(who, ": post_processor"));
}

void Tokenizer::split_special_tokens() { parts_->added.split_special(); }

Tokenizer Tokenizer::from_file(const std::filesystem::path& tokenizer_json) {
  return from_json(read_text_file(tokenizer_json, kLargestFile),
                   cat("tokenizer: ", tokenizer_json.string()));
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  if (text.size() > kLongestInput) {
    fail(ErrorKind::data, "tokenizer: a text of ", text.size(), " bytes, at most ", kLongestInput,
         " are read");
  }
  std::string replaced;
  if (!is_valid_utf8(text)) text = replaced = text::well_formed(text);
  std::vector<TokenId> ids;
  ids.reserve(text.size() / 3 + 8);
  std::unique_ptr<Workspace> workspace = parts_->workspaces.take();
  if (!text.empty()) parts_->cut(text, *workspace);
  if (text.empty()) workspace->pieces.reset(false);
  for (const Pieces::Piece& piece : workspace->pieces.pieces()) {
    if (piece.token != kNoToken) {
      ids.push_back(piece.token);
    } else {
      parts_->tokenize(workspace->pieces.text_of(piece), *workspace, ids);
    }
  }
  parts_->workspaces.give_back(std::move(workspace));
  if (!parts_->post_processor) return ids;
  tokenizer::Parts encodings;
  encodings.push_back(std::move(ids));
  parts_->post_processor->process(encodings, add_special_tokens);
  if (encodings.size() == 1) return std::move(encodings[0]);
  std::vector<TokenId> all;
  for (const auto& part : encodings) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const TokenId id : ids) {
    const std::optional<std::string> token = token_of(id);
    if (!token || (skip_special_tokens && parts_->added.is_special(*token))) continue;
    tokens.push_back(*token);
  }
  std::string text;
  if (parts_->decoder) {
    parts_->decoder->decode(tokens);
    for (const std::string& token : tokens) text += token;
    return text;
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) text += ' ';
    text += tokens[i];
  }
  return text;
}

std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
  TokenId id = parts_->added.find(token);
  if (id == kNoToken) id = parts_->model->find(token);
  if (id == kNoToken) return std::nullopt;
  return id;
}

std::optional<std::string> Tokenizer::token_of(TokenId id) const {
  if (const std::string* added = parts_->added.decoded(id)) return *added;
  const std::optional<std::string_view> token = parts_->model->token(id);
  if (!token) return std::nullopt;
  return std::string(*token);
}

bool Tokenizer::is_added(TokenId id) const { return parts_->added.content(id) != nullptr; }

std::int64_t Tokenizer::model_vocabulary_size() const {
  return std::int64_t{parts_->model->last_id()} + 1;
}

std::int64_t Tokenizer::vocabulary_size() const {
  return std::int64_t{std::max(parts_->model->last_id(), parts_->added.last_id())} + 1;
}

}  // namespace dnd::tokenizer
