#include "tasks/prompt_conditions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTensor = "conditions";
constexpr const char* kKey = "dnd.key";
constexpr const char* kRemedy = " (damaged? delete the file: it is made anew)";
constexpr std::size_t kPiece = 32;  // prompts encoded at once
constexpr std::chrono::seconds kFlushEvery{30};

formats::SafetensorsFile read_file(const fs::path& path) {
  try {
    return formats::SafetensorsFile(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    fail(ErrorKind::data, "conditions: ", error.what(), kRemedy);
  }
}

bool has_key(const formats::SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(kKey);
  return found != file.metadata().end() && found->second == key;
}

const formats::TensorView& checked(const formats::SafetensorsFile& file,
                                   const ConditionsPlan& plan) {
  const std::string who = "conditions: " + file.path().string();
  if (!has_key(file, plan.key)) {
    fail(ErrorKind::data, who, ": were made of other prompts or by another encoder",
         " (do all processes see the same folder?)");
  }
  if (file.tensors().size() != 1 || file.tensors().front().name != kTensor) {
    const std::string found =
        file.tensors().empty() ? "" : cat(", '", printable(file.tensors().front().name), "' first");
    fail(ErrorKind::data, who, ": holds ", file.tensors().size(), " tensors", found, ", expected '",
         kTensor, "' alone", kRemedy);
  }
  const formats::TensorView& view = file.tensors().front();
  if (view.dtype != Dtype::f32 || view.shape != plan.shape()) {
    fail(ErrorKind::data, who, ": tensor '", kTensor, "': ", dtype_name(view.dtype), " ",
         shape_text(view.shape), ", expected F32 ", shape_text(plan.shape()), kRemedy);
  }
  // The writer pads the header to 8 bytes; else the file is another's.
  if (reinterpret_cast<std::uintptr_t>(view.bytes.data()) % alignof(float) != 0) {
    fail(ErrorKind::data, who, ": tensor '", kTensor, "' is not aligned", kRemedy);
  }
  return view;
}

void check_finite(std::span<const float> values, const std::vector<std::string>& texts) {
  const auto bad = first_not_finite(Dtype::f32, values);
  if (!bad) return;
  fail(ErrorKind::data, "conditions: prompt '",
       printable(texts[*bad * texts.size() / values.size()]), "' encodes to ", values[*bad],
       " (is the encoder damaged?)");
}

// Replaced without being asked where the prompts or the encoder changed; nothing else of that name is.
FileKind conditions_file() {
  return {"the conditions of a training",
          [](const fs::path& path) { return read_file(path).metadata().contains(kKey); }};
}

// The file as far as it is made, beside its place: the header and whole rows, to be gone on with.
class ConditionsPart {
 public:
  ConditionsPart(fs::path final_path, const ConditionsPlan& plan)
      : final_(std::move(final_path)),
        path_(conditions_part(final_)),
        row_bytes_(static_cast<std::uint64_t>(plan.length * plan.width) * sizeof(float)) {
    const std::string text = formats::SafetensorsWriter::header(
        {{kTensor, Dtype::f32, plan.shape()}}, {{kKey, plan.key}});
    const std::uint64_t size = text.size();
    header_.assign(reinterpret_cast<const char*>(&size), sizeof(size));
    header_ += text;
    open();
    rows_ = begins_alike() ? whole_rows(static_cast<std::uint64_t>(plan.prompts)) : 0;
    cut(rows_ == 0 ? 0 : header_.size() + rows_ * row_bytes_);
    if (rows_ == 0) write(header_);
  }

  std::size_t rows() const { return static_cast<std::size_t>(rows_); }

  void append(std::span<const float> values) {
    write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
    if (std::chrono::steady_clock::now() - flushed_ >= kFlushEvery) flush();
  }

  void commit() {
    flush();
    if (::rename(path_.c_str(), final_.c_str()) != 0) refuse("cannot be renamed");
  }

 private:
  [[noreturn]] void refuse(const char* what) const {
    fail(ErrorKind::io, "conditions: ", path_.string(), ": ", what, ": ", system_reason(errno));
  }

  void open() {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    file_ = Descriptor(::open(path_.c_str(), flags, 0666));
    struct stat info {};
    if (file_.is_open() && ::fstat(file_.get(), &info) == 0 && S_ISREG(info.st_mode)) {
      size_ = static_cast<std::uint64_t>(info.st_size);
      return;
    }
    fail(ErrorKind::cannot_create, "conditions: ", path_.string(), ": ",
         file_.is_open() ? "is no file" : system_reason(errno));
  }

  std::string read(std::uint64_t begin, std::uint64_t bytes) const {
    std::string text(static_cast<std::size_t>(bytes), '\0');
    const ssize_t count = ::pread(file_.get(), text.data(), text.size(), static_cast<off_t>(begin));
    if (count < 0) refuse("cannot be read");
    text.resize(static_cast<std::size_t>(count));
    return text;
  }

  // False where it is of another key. What no training began is somebody else's.
  bool begins_alike() const {
    const std::string begin = read(0, std::min<std::uint64_t>(size_, header_.size()));
    const bool ours =
        begin.empty() || begin.find(kKey) != std::string::npos || header_.starts_with(begin);
    if (ours) return begin == header_;
    fail(ErrorKind::cannot_create, "conditions: ", path_.string(),
         ": exists and is not a part of a training's conditions; it will not be replaced");
  }

  // Rows of zeros at the end are where the machine stopped before the disk had what was written.
  std::uint64_t whole_rows(std::uint64_t most) const {
    std::uint64_t rows = std::min(most, (size_ - header_.size()) / row_bytes_);
    while (rows > 0) {
      const std::string row = read(header_.size() + (rows - 1) * row_bytes_, row_bytes_);
      if (row.find_first_not_of('\0') != std::string::npos) break;
      --rows;
    }
    return rows;
  }

  void cut(std::uint64_t bytes) {
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) refuse("cannot be cut");
    if (::lseek(file_.get(), 0, SEEK_END) < 0) refuse("cannot be written");
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file_.get(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) refuse("cannot be written");
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void flush() {
    if (::fdatasync(file_.get()) != 0) refuse("cannot be flushed");
    flushed_ = std::chrono::steady_clock::now();
  }

  fs::path final_;
  fs::path path_;
  std::uint64_t row_bytes_;
  std::string header_;
  Descriptor file_;
  std::uint64_t size_ = 0;
  std::uint64_t rows_ = 0;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
};

}  // namespace

fs::path conditions_part(const fs::path& path) { return path.string() + ".part"; }

bool write_conditions(const fs::path& path, const ConditionsPlan& plan,
                      const std::vector<std::string>& texts, const EncodeTexts& encode,
                      const std::function<bool(double)>& go_on) {
  check_replaceable(path, conditions_file());
  ConditionsPart part(path, plan);
  for (std::size_t begin = part.rows(); begin < texts.size();) {
    const std::size_t end = std::min(texts.size(), begin + kPiece);
    const std::vector<std::string> piece(texts.begin() + static_cast<std::ptrdiff_t>(begin),
                                         texts.begin() + static_cast<std::ptrdiff_t>(end));
    const std::vector<float> values = encode(piece);
    check_finite(values, piece);
    part.append(values);
    begin = end;
    const bool more = go_on(static_cast<double>(end) / static_cast<double>(texts.size()));
    if (!more && end < texts.size()) return false;
  }
  check_replaceable(path, conditions_file());
  part.commit();
  return true;
}

bool has_conditions(const fs::path& path, const ConditionsPlan& plan) {
  return path_exists(path) && has_key(read_file(path), plan.key);
}

PromptConditions::PromptConditions(const fs::path& path, const ConditionsPlan& plan)
    : file_(read_file(path)) {
  const std::span<const std::byte> bytes = checked(file_, plan).bytes;
  values_ = {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

}  // namespace dnd::tasks
