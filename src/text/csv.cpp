#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "text/prompt_files.h"

namespace dnd::text {

CsvReader::CsvReader(std::string_view text, char separator, std::string who)
    : text_(text), separator_(separator), who_(std::move(who)) {}

bool CsvReader::next(std::vector<std::string>& row) {
  while (position_ < text_.size()) {
    read_row(row);
    if (row.size() > 1 || !row.front().empty()) return true;
  }
  return false;
}

void CsvReader::read_row(std::vector<std::string>& row) {
  row.clear();
  row_line_ = line_;
  for (;;) {
    const bool quoted = position_ < text_.size() && text_[position_] == '"';
    row.push_back(quoted ? quoted_field() : plain_field());
    if (position_ == text_.size()) return;
    if (text_[position_++] == separator_) continue;
    ++line_;
    return;
  }
}

// At the end of the text, at "\n" or at "\r\n"; the latter two leave position_ for read_row.
bool CsvReader::at_row_end() const {
  const std::string_view rest = text_.substr(position_);
  return rest.empty() || rest.starts_with('\n') || rest.starts_with("\r\n");
}

std::string CsvReader::quoted_field() {
  std::string field;
  ++position_;
  for (;;) {
    const std::size_t quote = text_.find('"', position_);
    if (quote == std::string_view::npos) {
      fail(ErrorKind::data, who_, ": line ", row_line_, ": a quoted field never ends");
    }
    const std::string_view piece = text_.substr(position_, quote - position_);
    line_ += static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
    field += piece;
    position_ = quote + 1;
    if (!text_.substr(position_).starts_with('"')) break;
    field += '"';
    ++position_;
  }
  if (text_.substr(position_).starts_with("\r\n")) ++position_;
  if (!at_row_end() && text_[position_] != separator_) {
    fail(ErrorKind::data, who_, ": line ", line_,
         ": text behind the closing quote of a field (quotes inside are doubled: \"\")");
  }
  return field;
}

std::string CsvReader::plain_field() {
  const std::size_t begin = position_;
  while (!at_row_end() && text_[position_] != separator_) ++position_;
  const std::string_view field = text_.substr(begin, position_ - begin);
  if (text_.substr(position_).starts_with("\r\n")) ++position_;
  return std::string(field);
}

}  // namespace dnd::text
