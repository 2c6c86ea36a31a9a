// What a reader of prompt files guessed, file by file, and the line that tells it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/record_keys.h"

namespace dnd::text {

// A key that no prompt was taken from, or a part of a conversation ("system text", "later turns").
struct LeftOut {
  KeyKind kind = KeyKind::other;
  std::string name;
  bool is_part = false;
  bool operator==(const LeftOut&) const = default;
};

struct TableForm {
  char separator = ',';
  bool header = true;
  // The header is one name that nobody knows, above texts of its kind: it may be a prompt.
  bool header_is_guess = false;
  bool operator==(const TableForm&) const = default;
};

// How one file was read. Names come from the file, unchecked.
struct PromptSource {
  std::string file;         // its path, or "standard input"
  std::string container;    // "JSON Lines", "JSON", "text", "table"
  bool compressed = false;  // by gzip
  std::optional<TableForm> table;
  // Keys that prompts came from ("prompt", "instruction + input"), with how many did.
  std::vector<std::pair<std::string, std::size_t>> fields;
  std::vector<LeftOut> left_out;  // what records have beside it, in order of appearance
  std::size_t prompts = 0;        // those that are empty included
  std::size_t cut = 0;            // texts with their answer, of which the question alone was kept
  std::string first;              // the first prompt that is not empty

  void take(const std::string& field);
  // Keys beyond a bound are dropped: no file makes this large.
  void leave(std::string_view key);
  void leave_part(std::string_view name);

 private:
  bool has_left(std::string_view name, bool is_part) const;
};

// One line a way of reading, in order of appearance; files read alike share one:
//   "prompts: a.csv: table (semicolons, header row), 9 prompts from 'question'; left out: answers
//    'answer'; first 'What is 0+0?'"
std::vector<std::string> source_lines(const std::vector<PromptSource>& sources);

// The same for programs: a list of objects (docs/formats.md).
Json sources_json(const std::vector<PromptSource>& sources);

// Says source_lines() as information.
void tell_sources(const std::vector<PromptSource>& sources);

// Says that standard input is taken line by line, its first line, and warns where that is a record of JSON,
// from which nothing is picked.
void tell_plain_lines(const std::string& first);

// A prompt as part of a message: one short printable line, and the same in quotes.
std::string shown_beginning(std::string_view prompt);
std::string quoted_beginning(std::string_view prompt);

}  // namespace dnd::text
