// The normalisation rules inside a SentencePiece model, checked before the library follows them.
//
// libsentencepiece 0.1.97 trusts them: an offset in a hostile model makes it read wherever that
// points. Rules ("precompiled_charsmap" of ModelProto, sentencepiece_model.proto) are the size of a
// trie, a double array (Darts-clone) and the replacement texts that its values point into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dnd::text {

inline constexpr std::uint32_t kNormalizerSpec = 3;  // field of ModelProto

// Throws Error(data) unless every path through every trie in `model` (a serialized ModelProto) stays
// inside its array, ends, passes at most 32 values (the library's array for them) and points at texts
// that are there. `who` begins the message.
void check_charsmaps(std::string_view model, const std::string& who);

}  // namespace dnd::text
