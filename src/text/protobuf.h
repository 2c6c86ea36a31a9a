// The fields of a protobuf message, one after the other: as much of the wire format as it takes to
// look into a SentencePiece model before the library does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dnd::text {

struct ProtobufField {
  std::uint32_t number = 0;
  bool is_bytes = false;     // else an integer
  std::uint64_t value = 0;   // of an integer (varint)
  std::string_view content;  // of bytes, text or a message; points into the message
};

class ProtobufFields {
 public:
  // `who` begins messages. Both must outlive the object.
  ProtobufFields(std::string_view message, const std::string& who) : rest_(message), who_(who) {}

  // The next integer or bytes; false at the end. Fixed-width fields are passed over. Throws
  // Error(data) where the message is malformed.
  bool next(ProtobufField& field);

 private:
  [[noreturn]] void refuse() const;
  std::string_view take(std::uint64_t size);
  std::uint64_t varint();

  std::string_view rest_;
  const std::string& who_;
};

}  // namespace dnd::text
