#include "text/gzip.h"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>

#include "base/strings.h"

namespace dnd::text {
namespace {

constexpr int kGzipAlone = 15 + 16;  // the largest window, with a header of gzip
constexpr std::size_t kBlock = std::size_t{1} << 18U;

class Inflater {
 public:
  explicit Inflater(const std::string& who) {
    if (::inflateInit2(&stream_, kGzipAlone) != Z_OK) {
      fail(ErrorKind::memory, who, ": no memory to unpack gzip");
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }

  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

[[noreturn]] void refuse_damaged(const z_stream& stream, int status, const std::string& who) {
  if (status == Z_MEM_ERROR) fail(ErrorKind::memory, who, ": no memory to unpack gzip");
  fail(ErrorKind::data, who, ": gzip: ",
       status == Z_BUF_ERROR ? "the file ends too early (cut short?)"
                             : cat("damaged: ", stream.msg == nullptr ? "not gzip" : stream.msg));
}

// Takes one member off `content`.
void unpack_member(std::string_view& content, std::string& out, std::uint64_t max_bytes,
                   const std::string& who) {
  Inflater inflater(who);
  z_stream& stream = inflater.stream();
  std::string block(kBlock, '\0');
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const std::size_t given = std::min<std::size_t>(content.size(), kBlock);
    stream.next_in = reinterpret_cast<const Bytef*>(content.data());
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    content.remove_prefix(given - stream.avail_in);
    if (status != Z_OK && status != Z_STREAM_END) refuse_damaged(stream, status, who);
    const std::size_t made = block.size() - stream.avail_out;
    if (made > max_bytes - out.size()) {
      fail(ErrorKind::data, who, ": larger than the limit of ", human_bytes(max_bytes),
           " when unpacked");
    }
    out.append(block, 0, made);
  }
}

}  // namespace

bool is_gzip(std::string_view content) { return content.starts_with("\x1F\x8B"); }

std::string unpack_gzip(std::string_view content, std::uint64_t max_bytes, const std::string& who) {
  std::string out;
  do {
    unpack_member(content, out, max_bytes, who);
    content.remove_prefix(std::min(content.find_first_not_of('\0'), content.size()));
  } while (!content.empty());
  return out;
}

}  // namespace dnd::text
