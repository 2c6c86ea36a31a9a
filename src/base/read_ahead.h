// A file's way from the disk into memory, while something else is computed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <thread>

namespace dnd {

// Asks the system, on a thread of its own, to read a file into its page cache from the beginning on:
// whoever has the file mapped then waits less. At most half of the machine's memory is asked for, so
// that nothing is read only to be dropped again. A hint: where it fails, nothing happens. The
// destructor ends it.
class ReadAhead {
 public:
  explicit ReadAhead(std::filesystem::path path);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace dnd
