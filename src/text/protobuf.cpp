#include "text/protobuf.h"

#include "base/strings.h"

namespace dnd::text {

bool ProtobufFields::next(ProtobufField& field) {
  while (!rest_.empty()) {
    const auto tag = static_cast<std::uint32_t>(varint());  // the library drops higher bits, too
    field = ProtobufField{};
    field.number = tag >> 3U;
    switch (tag & 7U) {
      case 0:
        field.value = varint();
        return true;
      case 1:
        take(8);
        break;
      case 2:
        field.is_bytes = true;
        field.content = take(varint());
        return true;
      case 5:
        take(4);
        break;
      default:
        refuse();
    }
  }
  return false;
}

void ProtobufFields::refuse() const {
  fail(ErrorKind::data, who_, ": not a SentencePiece model: malformed protobuf");
}

std::string_view ProtobufFields::take(std::uint64_t size) {
  if (size > rest_.size()) refuse();
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t ProtobufFields::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  refuse();
}

}  // namespace dnd::text
