#include "base/line_batches.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/strings.h"

namespace dnd {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16U;

}  // namespace

std::vector<std::string> LineBatches::next(const Most& most) {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  while (lines.size() < most.lines && bytes < most.bytes) {
    std::string line;
    if (take_line(line)) {
      if (trimmed(line).empty()) continue;
      bytes += line.size();
      lines.push_back(std::move(line));
    } else {
      if (ended_ || (!lines.empty() && !is_ready())) break;
      read_more();
    }
  }
  return lines;
}

// What the input ends with is a line, too.
bool LineBatches::take_line(std::string& line) {
  const std::size_t end = text_.find('\n', looked_);
  looked_ = text_.size();
  if (end == std::string::npos && (!ended_ || text_.empty())) return false;
  line = text_.substr(0, end);
  text_.erase(0, end == std::string::npos ? end : end + 1);
  looked_ = 0;
  return true;
}

bool LineBatches::is_ready() const {
  pollfd input{descriptor_, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;
}

void LineBatches::read_more() {
  std::array<char, kPiece> piece;
  const ssize_t count = ::read(descriptor_, piece.data(), piece.size());
  if (count < 0 && errno == EINTR) return;
  if (count < 0) fail(ErrorKind::io, "standard input: ", system_reason(errno));
  ended_ = count == 0;
  text_.append(piece.data(), static_cast<std::size_t>(count));
}

}  // namespace dnd
