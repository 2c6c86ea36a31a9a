// What the matrices of a generated adapter were when it was made: by it damage is told from what is finished.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "formats/safetensors.h"

namespace dnd::adapter {

// Of metadata: ContentHash of the file's own tensors, in their order.
inline constexpr const char* kContentKey = "dnd.content_sha256";

class ContentHash {
 public:
  // A tensor's name, its type as the format calls it, its shape, and all its bytes.
  void add(std::string_view name, std::string_view type, const formats::Shape& shape,
           std::span<const std::byte> bytes);
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

// Whether an adapter with this metadata, which tells where it came from, gets a content hash.
bool has_content_hash(const std::map<std::string, std::string>& metadata);

// Throws Error(data) where metadata names another content than `found`; where it names none, it is of a
// version that wrote none. `who` begins the message.
void check_content(const std::map<std::string, std::string>& metadata, const std::string& found,
                   const std::string& who);

}  // namespace dnd::adapter
