#include <limits>
#include <map>
#include <utility>

#include "base/strings.h"
#include "tokenizer/fields.h"
#include "tokenizer/post_processor.h"

namespace dnd::tokenizer {
namespace {

constexpr std::int64_t kLargestType = std::numeric_limits<std::uint32_t>::max();

TokenId token_id(const Json& value, const std::string& where) {
  if (!value.is_number_unsigned() ||
      value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<TokenId>::max()}) {
    fail(ErrorKind::data, where, ": expected a token id from 0 to 2,147,483,647");
  }
  return value.get<TokenId>();
}

// ["[SEP]", 102]
TokenId read_marker(JsonObject& fields, const std::string& key) {
  const Json& marker = fields.array(key);
  if (marker.size() != 2 || !marker[0].is_string()) {
    fail(ErrorKind::data, fields.where(), ": '", key, "': expected a token and its id");
  }
  return token_id(marker[1], fields.where() + ": " + key);
}

class BertProcessing final : public PostProcessor {
 public:
  explicit BertProcessing(JsonObject& fields)
      : begin_(read_marker(fields, "cls")), end_(read_marker(fields, "sep")) {}

  void process(Parts& parts, bool add_special_tokens) const override {
    if (!add_special_tokens) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i == 0) parts[i].insert(parts[i].begin(), begin_);
      parts[i].push_back(end_);
    }
  }

 private:
  TokenId begin_;
  TokenId end_;
};

class RobertaProcessing final : public PostProcessor {
 public:
  explicit RobertaProcessing(JsonObject& fields)
      : begin_(read_marker(fields, "cls")), end_(read_marker(fields, "sep")) {
    required_boolean(fields, "trim_offsets");
    required_boolean(fields, "add_prefix_space");
  }

  void process(Parts& parts, bool add_special_tokens) const override {
    if (!add_special_tokens) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].insert(parts[i].begin(), i == 0 ? begin_ : end_);
      parts[i].push_back(end_);
    }
  }

 private:
  TokenId begin_;
  TokenId end_;
};

// Moves offsets alone.
class ByteLevelProcessor final : public PostProcessor {
 public:
  explicit ByteLevelProcessor(JsonObject& fields) {
    required_boolean(fields, "add_prefix_space");
    required_boolean(fields, "trim_offsets");
    fields.boolean_or("use_regex", true);
  }
  void process(Parts& /*parts*/, bool /*add_special_tokens*/) const override {}
};

class TemplateProcessing final : public PostProcessor {
 public:
  explicit TemplateProcessing(JsonObject& fields)
      : single_(read_template(fields, "single")), pair_(read_template(fields, "pair")) {
    const Json& tokens = fields.at("special_tokens");
    if (!tokens.is_object()) {
      fail(ErrorKind::data, fields.where(), ": 'special_tokens': expected an object");
    }
    for (const auto& [name, value] : tokens.items()) {
      const std::string where = fields.where() + ": special_tokens: " + printable(name);
      JsonObject token(value, where);
      token.text("id");
      token.array("tokens");
      std::vector<TokenId>& ids = special_[name];
      for (const Json& id : token.array("ids")) ids.push_back(token_id(id, where));
    }
  }

  void process(Parts& parts, bool add_special_tokens) const override {
    if (parts.size() != 1 && parts.size() != 2) {
      fail(ErrorKind::data, "tokenizer: TemplateProcessing on ", parts.size(),
           " parts of another post-processor (1 or 2 are possible)");
    }
    Parts out;
    for (const Piece& piece : parts.size() == 1 ? single_ : pair_) {
      if (piece.sequence >= 0) {
        if (static_cast<std::size_t>(piece.sequence) >= parts.size()) {
          fail(ErrorKind::data, "tokenizer: the template of one text names a second one");
        }
        out.push_back(parts[static_cast<std::size_t>(piece.sequence)]);
      } else if (add_special_tokens) {
        const auto found = special_.find(piece.token);
        if (found == special_.end()) {
          fail(ErrorKind::data, "tokenizer: the template's token '", printable(piece.token),
               "' is not among its special tokens");
        }
        out.push_back(found->second);
      }
    }
    parts = std::move(out);
  }

 private:
  struct Piece {
    int sequence = -1;
    std::string token;
  };

  static std::vector<Piece> read_template(JsonObject& fields, const std::string& key) {
    std::vector<Piece> pieces;
    for (const Json& value : fields.array(key)) {
      JsonObject choice(value, fields.where() + ": " + key);
      const bool is_sequence = choice.has("Sequence");
      if (value.size() != 1) {
        fail(ErrorKind::data, choice.where(), ": expected one of Sequence and SpecialToken");
      }
      JsonObject piece = choice.object(is_sequence ? "Sequence" : "SpecialToken");
      piece.integer("type_id", 0, kLargestType);
      const std::string id = piece.text("id");
      if (is_sequence && id != "A" && id != "B") {
        fail(ErrorKind::data, choice.where(), ": the sequence '", printable(id),
             "', expected A or B");
      }
      pieces.push_back(is_sequence ? Piece{id == "A" ? 0 : 1, ""} : Piece{-1, id});
    }
    return pieces;
  }

  std::vector<Piece> single_;
  std::vector<Piece> pair_;
  std::map<std::string, std::vector<TokenId>> special_;
};

class ProcessorSequence final : public PostProcessor {
 public:
  ProcessorSequence(JsonObject& fields, int depth) {
    for (const Json& value : fields.array("processors")) {
      parts_.push_back(read_post_processor(value, fields.where(), depth + 1));
    }
  }
  void process(Parts& parts, bool add_special_tokens) const override {
    for (const auto& part : parts_) part->process(parts, add_special_tokens);
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> parts_;
};

}  // namespace

std::unique_ptr<PostProcessor> read_post_processor(const Json& value, const std::string& who,
                                                   int depth) {
  check_depth(depth, who);
  JsonObject fields(value, who);
  const std::string type = fields.text("type");
  if (type == "BertProcessing") return std::make_unique<BertProcessing>(fields);
  if (type == "RobertaProcessing") return std::make_unique<RobertaProcessing>(fields);
  if (type == "ByteLevel") return std::make_unique<ByteLevelProcessor>(fields);
  if (type == "TemplateProcessing") return std::make_unique<TemplateProcessing>(fields);
  if (type == "Sequence") return std::make_unique<ProcessorSequence>(fields, depth);
  refuse_type(who, type);
}

}  // namespace dnd::tokenizer
