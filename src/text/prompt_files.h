// The containers of prompt files: text -> JSON records. Which is which: text/prompts.h.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/prompt_source.h"

namespace dnd::text {

// Takes one record and the place it came from, for messages: "prompts: a.jsonl: line 12".
using RecordSink = std::function<void(const Json& record, const std::string& where)>;

// Hands every record of `content` to `sink`, in order. The extension of `path` names the container (".gz"
// behind it is left out); other extensions (and "-") leave it to the content. `who` names the input in
// messages. Notes the container and the form of a table in `source`. Throws Error(data).
void for_each_record(std::string_view content, const std::filesystem::path& path,
                     const std::string& field, const std::string& who, PromptSource& source,
                     const RecordSink& sink);

// Rows of RFC 4180 text: quoted fields may hold separators, doubled quotes and line breaks. A quote
// inside an unquoted field is an ordinary character.
class CsvReader {
 public:
  CsvReader(std::string_view text, char separator, std::string who);

  // The next row that is not blank; false at the end. Throws Error(data) for a quote that never
  // closes and for text behind a closing quote.
  bool next(std::vector<std::string>& row);
  std::size_t line() const { return row_line_; }  // where the row began, from 1

 private:
  void read_row(std::vector<std::string>& row);
  std::string quoted_field();
  std::string plain_field();
  bool at_row_end() const;

  std::string_view text_;
  char separator_;
  std::string who_;
  std::size_t position_ = 0;
  std::size_t line_ = 1;
  std::size_t row_line_ = 1;
};

}  // namespace dnd::text
