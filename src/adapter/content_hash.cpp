#include "adapter/content_hash.h"

#include "base/strings.h"

namespace dnd::adapter {

void ContentHash::add(std::string_view name, std::string_view type, const formats::Shape& shape,
                      std::span<const std::byte> bytes) {
  hash_.update(cat(name, '\0', type, '\0', shape_text(shape), '\0'));
  hash_.update(bytes);
}

bool has_content_hash(const std::map<std::string, std::string>& metadata) {
  return metadata.contains("dnd.generator");
}

void check_content(const std::map<std::string, std::string>& metadata, const std::string& found,
                   const std::string& who) {
  const auto named = metadata.find(kContentKey);
  if (named == metadata.end() || named->second == found) return;
  fail(ErrorKind::data, who, ": its matrices are not those that it was made with (damaged?)");
}

}  // namespace dnd::adapter
