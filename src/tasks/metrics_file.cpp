#include "tasks/metrics_file.h"

#include <string>

#include "base/file.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxBytes = 1ULL << 32U;

// The lines of steps up to `done`; a last line that was cut off is dropped.
std::string lines_until(const fs::path& path, std::int64_t done) {
  const std::string text = read_text_file(path, kMaxBytes);
  std::string kept;
  std::size_t begin = 0;
  std::size_t number = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       begin = end + 1, end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    const std::string where = cat("metrics: ", path.string(), ": line ", ++number);
    const Json json = parse_json(line, where);
    JsonObject object(json, where);
    if (object.integer("step", 0, INT64_MAX) <= done) kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(const fs::path& path, std::int64_t done) : path_(path) {
  const bool goes_on = done > 0 && path_exists(path);
  write_file_atomically(path, goes_on ? lines_until(path, done) : "");
  out_.open(path, std::ios::app | std::ios::binary);
  if (!out_) fail(ErrorKind::cannot_create, "metrics: ", path.string(), ": cannot be opened");
}

void MetricsFile::add(const Json& line) {
  out_ << json_line(line) << '\n' << std::flush;
  if (!out_) fail(ErrorKind::io, "metrics: ", path_.string(), ": cannot be written (disk full?)");
}

}  // namespace dnd::tasks
