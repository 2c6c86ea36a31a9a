#include "base/read_ahead.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/log.h"

namespace dnd {
namespace {

// Linux reads no more than a device's read-ahead window for one request, whatever its length: 128 KiB
// unless somebody set it otherwise.
constexpr std::size_t kRequest = std::size_t{128} << 10;

std::size_t bytes_to_read(std::size_t size) {
  const auto memory = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE));
  return std::min(size, memory / 2);
}

// Entering the pages into the process's tables as well (MADV_POPULATE_READ) was measured: what it saves
// later it costs here, for LibTorch's start needs the tables at the same time.
void read_pages(const std::stop_token& stop, std::span<const std::byte> mapped) {
  const std::size_t size = bytes_to_read(mapped.size());
  auto* const data = const_cast<std::byte*>(mapped.data());
  for (std::size_t at = 0; at < size && !stop.stop_requested(); at += kRequest) {
    if (::madvise(data + at, std::min(kRequest, size - at), MADV_WILLNEED) != 0) break;
  }
}

}  // namespace

ReadAhead::ReadAhead(std::span<const std::byte> mapped) {
  try {
    thread_ = std::jthread([mapped](const std::stop_token& stop) { read_pages(stop, mapped); });
  } catch (const std::system_error& error) {
    log_debug(error.what());
  }
}

}  // namespace dnd
