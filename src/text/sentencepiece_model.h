// A SentencePiece model: the door to the library. Models are checked before the library sees them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::text {

enum class PieceKind { normal, unknown, control, byte };

// Immutable after construction: one object may serve several threads.
class SentencePieceModel {
 public:
  // `model`: the bytes of the file; `who` begins messages. `bare`: spaces become U+2581 and nothing
  // else is done to a text, whatever rules the model carries. Throws Error(data).
  SentencePieceModel(std::string_view model, std::string who, bool bare = false);
  SentencePieceModel(const SentencePieceModel&) = delete;
  SentencePieceModel& operator=(const SentencePieceModel&) = delete;
  ~SentencePieceModel();

  std::int32_t size() const;
  std::int32_t unknown_id() const;
  std::optional<std::int32_t> find(std::string_view piece) const;
  const std::string& piece(std::int32_t id) const;  // 0 <= id < size()
  PieceKind kind(std::int32_t id) const;            // user-defined pieces are normal

  // Appends the ids of `text`; what is not UTF-8 counts as U+FFFD.
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  std::string who_;
};

// What a model says about itself.
struct SentencePieceFacts {
  bool is_bpe = false;  // else unigram, words or characters
  bool adds_prefix = true;
  std::vector<std::int32_t> user_defined;  // ids of pieces that are found before anything else
};
SentencePieceFacts read_sentencepiece_facts(std::string_view model, const std::string& who);

// Calls visit(id, piece) for the pieces of ordinary text: not for control, unknown, unused and user-defined
// ones. Throws Error(data) where the model is malformed.
void for_each_normal_piece(std::string_view model, const std::string& who,
                           const std::function<void(std::int32_t, std::string_view)>& visit);

}  // namespace dnd::text
