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

// Calls `keep` with each line of steps up to `done`; a last line that was cut off is dropped.
template <typename Keep>
void lines_until(const fs::path& path, std::int64_t done, const Keep& keep) {
  const std::string text = read_text_file(path, kMaxBytes);
  std::size_t begin = 0;
  std::size_t number = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       begin = end + 1, end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    const std::string where = cat("metrics: ", path.string(), ": line ", ++number);
    const Json json = parse_json(line, where);
    JsonObject object(json, where);
    if (object.integer("step", 0, INT64_MAX) <= done) keep(line, json);
  }
}

}  // namespace

MetricsFile::MetricsFile(const fs::path& path, std::int64_t done) : path_(path) {
  std::string kept;
  if (done > 0 && path_exists(path)) {
    lines_until(path, done, [&](const std::string& line, const Json& json) {
      kept += line + "\n";
      note(json);
    });
  }
  write_file_atomically(path, kept);
  out_.open(path, std::ios::app | std::ios::binary);
  if (!out_) fail(ErrorKind::cannot_create, "metrics: ", path.string(), ": cannot be opened");
}

void MetricsFile::note(const Json& line) {
  const auto held_out = line.find("held_out");
  if (held_out == line.end() || !held_out->is_string()) return;
  evaluated_.emplace(line["step"].get<std::int64_t>(), held_out->get<std::string>());
}

bool MetricsFile::has(std::int64_t step, const std::string& held_out) const {
  return evaluated_.contains({step, held_out});
}

void MetricsFile::add(const Json& line) {
  out_ << json_line(line) << '\n' << std::flush;
  if (!out_) fail(ErrorKind::io, "metrics: ", path_.string(), ": cannot be written (disk full?)");
}

}  // namespace dnd::tasks
