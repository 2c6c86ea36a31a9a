#include "text/sentencepiece_model.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/lfs_pointer.h"
#include "base/strings.h"
#include "text/charsmap.h"
#include "text/protobuf.h"

namespace dnd::text {
namespace {

// Field numbers of sentencepiece_model.proto.
constexpr std::uint32_t kPieces = 1;
constexpr std::uint32_t kPieceText = 1;
constexpr std::uint32_t kPieceType = 3;
constexpr std::uint64_t kNormal = 1;
constexpr std::uint64_t kUserDefined = 4;
constexpr std::uint32_t kTrainerSpec = 2;
constexpr std::uint32_t kModelType = 3;
constexpr std::uint64_t kBpe = 2;
constexpr std::uint32_t kAddDummyPrefix = 3;

// A normalizer_spec with no rules, no prefix and no removal of spaces. Protobuf merges a message that
// comes twice, field by field, so that appended to a model it overrules the one there.
constexpr std::string_view kBareNormalizer{"\x1a\x08\x12\x00\x18\x00\x20\x00\x28\x01", 10};

// `part` of the message `number`; `pieces`: how many came before.
void note_fact(std::uint32_t number, const ProtobufField& part, std::int32_t pieces,
               SentencePieceFacts& facts) {
  if (number == kPieces && part.number == kPieceType && part.value == kUserDefined) {
    facts.user_defined.push_back(pieces);
  }
  if (number == kTrainerSpec && part.number == kModelType) facts.is_bpe = part.value == kBpe;
  if (number == kNormalizerSpec && part.number == kAddDummyPrefix) {
    facts.adds_prefix = part.value != 0;
  }
}

// tiktoken's ranks, as Llama 3 comes from Meta: "IQ== 0", a piece in base64 and its rank a line.
bool is_tiktoken(std::string_view model) {
  const std::string_view line = model.substr(0, model.find('\n'));
  const std::size_t space = line.find(' ');
  const auto all = [](std::string_view text, auto fits) {
    return !text.empty() && std::all_of(text.begin(), text.end(), fits);
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_base64 = [&](char c) {
    const char letter = static_cast<char>(c | 0x20);
    return is_digit(c) || (letter >= 'a' && letter <= 'z') || c == '+' || c == '/' || c == '=';
  };
  return space != std::string_view::npos && space % 4 == 0 &&
         all(line.substr(0, space), is_base64) && all(trimmed(line.substr(space + 1)), is_digit);
}

// Other files that go by this name.
void refuse_other_kinds(std::string_view model, const std::string& who) {
  refuse_lfs_pointer(model, who);
  if (!is_tiktoken(model)) return;
  fail(ErrorKind::data, who,
       ": is a tiktoken model, which is not read; the tokenizer.json of the same model is (put it "
       "beside; transformers' save_pretrained writes it)");
}

}  // namespace

struct SentencePieceModel::Library {
  sentencepiece::SentencePieceProcessor pieces;
};

SentencePieceModel::SentencePieceModel(std::string_view model, std::string who, bool bare)
    : library_(std::make_unique<Library>()), who_(std::move(who)) {
  refuse_other_kinds(model, who_);
  check_charsmaps(model, who_);
  // What it does not like the library says by its status, or (Darts-clone) by an exception.
  std::string problem;
  try {
    const std::string whole = cat(model, bare ? kBareNormalizer : "");
    const auto status = library_->pieces.LoadFromSerializedProto(whole);
    if (!status.ok()) problem = status.ToString();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (problem.empty()) return;
  fail(ErrorKind::data, who_, ": not a SentencePiece model: ", printable(problem));
}

SentencePieceModel::~SentencePieceModel() = default;

std::int32_t SentencePieceModel::size() const { return library_->pieces.GetPieceSize(); }

std::int32_t SentencePieceModel::unknown_id() const { return library_->pieces.unk_id(); }

std::optional<std::int32_t> SentencePieceModel::find(std::string_view piece) const {
  const std::int32_t id = library_->pieces.PieceToId(piece);
  if (id == unknown_id() && this->piece(id) != piece) return std::nullopt;
  return id;
}

const std::string& SentencePieceModel::piece(std::int32_t id) const {
  return library_->pieces.IdToPiece(id);
}

PieceKind SentencePieceModel::kind(std::int32_t id) const {
  const auto& pieces = library_->pieces;
  if (pieces.IsUnknown(id)) return PieceKind::unknown;
  if (pieces.IsControl(id)) return PieceKind::control;
  return pieces.IsByte(id) ? PieceKind::byte : PieceKind::normal;
}

void SentencePieceModel::encode(std::string_view text, std::vector<std::int32_t>& ids) const {
  std::vector<int> found;
  const auto status = library_->pieces.Encode(text, &found);
  if (!status.ok()) fail(ErrorKind::internal, who_, ": ", printable(status.ToString()));
  ids.insert(ids.end(), found.begin(), found.end());
}

SentencePieceFacts read_sentencepiece_facts(std::string_view model, const std::string& who) {
  refuse_other_kinds(model, who);
  SentencePieceFacts facts;
  std::int32_t pieces = 0;
  ProtobufFields fields(model, who);
  for (ProtobufField field; fields.next(field);) {
    if (!field.is_bytes || field.number > kNormalizerSpec) continue;
    ProtobufFields parts(field.content, who);
    for (ProtobufField part; parts.next(part);) {
      if (!part.is_bytes) note_fact(field.number, part, pieces, facts);
    }
    if (field.number == kPieces) ++pieces;
  }
  return facts;
}

void for_each_normal_piece(std::string_view model, const std::string& who,
                           const std::function<void(std::int32_t, std::string_view)>& visit) {
  std::int32_t id = 0;
  ProtobufFields fields(model, who);
  for (ProtobufField field; fields.next(field);) {
    if (!field.is_bytes || field.number != kPieces) continue;
    std::string_view text;
    std::uint64_t type = kNormal;
    ProtobufFields parts(field.content, who);
    for (ProtobufField part; parts.next(part);) {
      if (part.is_bytes && part.number == kPieceText) text = part.content;
      if (!part.is_bytes && part.number == kPieceType) type = part.value;
    }
    if (type == kNormal) visit(id, text);
    ++id;
  }
}

}  // namespace dnd::text
