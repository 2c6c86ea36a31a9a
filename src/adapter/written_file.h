// What a writer of adapter files tells of the file with the matrices.
#pragma once

#include <cstdint>
#include <string>

namespace dnd::adapter {

struct WrittenFile {
  std::uint64_t bytes = 0;
  std::string sha256;  // lower-case hex
};

}  // namespace dnd::adapter
