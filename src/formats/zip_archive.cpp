#include "formats/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::formats {
namespace {

constexpr std::uint64_t kPieceBytes = 4ULL << 20U;

struct EntryCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using OpenEntry = std::unique_ptr<zip_file_t, EntryCloser>;

ErrorKind kind_of(const zip_error_t& error) {
  switch (zip_error_code_zip(&error)) {
    case ZIP_ER_MEMORY:
      return ErrorKind::memory;
    case ZIP_ER_READ:
      return ErrorKind::io;
    default:
      return ErrorKind::data;
  }
}

[[noreturn]] void refuse(const std::string& who, zip_error_t* error, std::string_view cause) {
  const std::string text = zip_error_strerror(error);
  const ErrorKind kind = kind_of(*error);
  zip_error_fini(error);  // frees the text; may come again when the error's owner is closed
  fail(kind, who, ": ", text, cause);
}

std::string obstacle_of(const zip_stat_t& stat, std::uint64_t file_size) {
  if (stat.encryption_method != ZIP_EM_NONE) return "is encrypted";
  if (stat.comp_method != ZIP_CM_STORE) {
    return cat("is compressed (method ", stat.comp_method,
               "), expected stored (packed again by another tool?)");
  }
  if (stat.size != stat.comp_size || stat.size > file_size) {
    return cat(stat.size, " bytes announced, ", stat.comp_size, " stored, in a file of ", file_size,
               " (file truncated?)");
  }
  return "";
}

}  // namespace

void ZipArchive::Closer::operator()(zip* archive) const { zip_discard(archive); }

ZipArchive::ZipArchive(const std::filesystem::path& path, std::string who) : who_(std::move(who)) {
  Descriptor file = open_file(path);
  const std::uint64_t file_size = file_bytes(path);
  int code = 0;
  archive_.reset(zip_fdopen(file.get(), 0, &code));
  if (archive_ != nullptr) file.release();  // libzip's from now on
  if (archive_ == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    refuse(who_, &error, " (file truncated, or not a zip archive?)");
  }
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive_.get(), 0));
  for (std::uint64_t index = 0; index < count; ++index) {
    entries_.push_back(describe(index, file_size));
    if (!by_name_.emplace(entries_.back().name, index).second) {
      fail(ErrorKind::data, who_, ": entry '", printable(entries_.back().name), "' appears twice");
    }
  }
}

ZipArchive::Entry ZipArchive::describe(std::uint64_t index, std::uint64_t file_size) const {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive_.get(), index, ZIP_FL_ENC_RAW, &stat) != 0 || stat.name == nullptr) {
    refuse(who_, zip_get_error(archive_.get()), "");
  }
  return {stat.name, stat.size, index, obstacle_of(stat, file_size)};
}

const ZipArchive::Entry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  const Entry& entry = entries_[found->second];
  if (!entry.obstacle.empty()) {
    fail(ErrorKind::data, who_, ": entry '", printable(name), "': ", entry.obstacle);
  }
  return &entry;
}

void ZipArchive::read(const Entry& entry, std::uint64_t begin, std::uint64_t size,
                      const ByteSink& sink) const {
  const std::string where = cat(who_, ": entry '", printable(entry.name), "'");
  if (begin > entry.size || size > entry.size - begin) {
    fail(ErrorKind::internal, where, ": bytes outside the entry were asked for");
  }
  const OpenEntry file(zip_fopen_index(archive_.get(), entry.index, 0));
  if (file == nullptr) refuse(where, zip_get_error(archive_.get()), "");
  const auto check = [&](bool good) {
    if (!good) refuse(where, zip_file_get_error(file.get()), " (file damaged?)");
  };
  if (begin > 0) check(zip_fseek(file.get(), static_cast<zip_int64_t>(begin), SEEK_SET) == 0);
  std::vector<std::byte> piece(std::min(size, kPieceBytes));
  for (std::uint64_t left = size; left > 0;) {
    piece.resize(std::min(left, kPieceBytes));
    for (std::size_t filled = 0; filled < piece.size();) {
      const zip_int64_t got = zip_fread(file.get(), &piece[filled], piece.size() - filled);
      check(got >= 0);
      if (got == 0) fail(ErrorKind::data, where, ": ends early (file truncated?)");
      filled += static_cast<std::size_t>(got);
    }
    sink(piece);
    left -= piece.size();
  }
  std::byte beyond{};  // libzip compares the CRC when a read from the start meets the end
  if (size == entry.size) check(zip_fread(file.get(), &beyond, 1) == 0);
}

std::string ZipArchive::read_text(const Entry& entry, std::uint64_t max_bytes) const {
  if (entry.size > max_bytes) {
    fail(ErrorKind::data, who_, ": entry '", printable(entry.name), "': ", entry.size,
         " bytes, at most ", max_bytes, " allowed");
  }
  std::string text;
  read(entry, 0, entry.size, [&](std::span<const std::byte> piece) {
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  });
  return text;
}

}  // namespace dnd::formats
