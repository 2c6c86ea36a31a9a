// A mapped file's way from the disk into memory, while something else is computed.
#pragma once

#include <cstddef>
#include <span>
#include <thread>

namespace dnd {

// Asks the system, on a thread of its own, to read mapped bytes into its page cache from the beginning on:
// whoever reads them then waits less. At most half of the machine's memory is asked for, so that nothing is
// read only to be dropped again. A hint: where it fails, nothing happens. The destructor ends it; the map
// must live till then.
class ReadAhead {
 public:
  explicit ReadAhead(std::span<const std::byte> mapped);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace dnd
