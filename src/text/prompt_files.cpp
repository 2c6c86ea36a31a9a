#include "text/prompt_files.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/strings.h"
#include "text/prompt_record.h"

namespace dnd::text {
namespace {

bool is_blank_line(std::string_view text) {
  return text.find_first_not_of(kBlank) == std::string_view::npos;
}

// Takes the next line off `rest`, without its "\n" or "\r\n".
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Calls action(line, where) for every line that is not blank.
template <typename Action>
void for_each_line(std::string_view content, const std::string& who, const Action& action) {
  for (std::size_t number = 1; !content.empty(); ++number) {
    const std::string_view line = take_line(content);
    if (!is_blank_line(line)) action(line, cat(who, ": line ", number));
  }
}

// The content as text without its byte-order mark.
std::string_view checked_text(std::string_view content, const std::string& who) {
  if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF")) {
    fail(ErrorKind::data, who, ": is UTF-16; save it as UTF-8");
  }
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (content.find('\0') == std::string_view::npos && is_valid_utf8(content)) return content;
  for_each_line(content, who, [](std::string_view line, const std::string& where) {
    if (line.find('\0') != std::string_view::npos) {
      fail(ErrorKind::data, where, ": holds a NUL byte (not a text file?)");
    }
    if (!is_valid_utf8(line)) {
      fail(ErrorKind::data, where, ": is not UTF-8 (another encoding, or not a text file?)");
    }
  });
  fail(ErrorKind::internal, who, ": no line holds what the whole text does");
}

void read_list(const Json& list, const std::string& who, const RecordSink& sink) {
  for (std::size_t i = 0; i < list.size(); ++i) sink(list[i], cat(who, ": record ", i + 1));
}

// Texts alone count as records only where nothing else could be meant: beside other keys a list of
// strings may be tags.
bool is_record_list(const Json& object, const std::string& key, const Json& value) {
  const bool may_be_text = object.size() == 1 || key == "prompts";
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [&](const Json& item) {
           return item.is_object() || (may_be_text && item.is_string());
         });
}

// The one list of records in an object that is no record itself, nullptr if there is none.
const Json* wrapped_list(const Json& object, const std::string& who) {
  const Json* list = nullptr;
  for (const auto& [key, value] : object.items()) {
    if (!is_record_list(object, key, value)) continue;
    if (list != nullptr) {
      fail(ErrorKind::data, who, ": holds several lists (the second is '", printable(key),
           "'); expected one list of records");
    }
    list = &value;
  }
  return list;
}

// An array of records, one record, or an object around one list of records.
void read_document(std::string_view content, const std::string& field, const std::string& who,
                   const RecordSink& sink) {
  const Json document = parse_json(content, who);
  if (document.is_array()) return read_list(document, who, sink);
  const std::string where = who + ": record 1";
  if (document.is_object() && !find_prompt(document, field, where)) {
    if (const Json* list = wrapped_list(document, who)) return read_list(*list, who, sink);
  }
  sink(document, where);
}

void read_lines(std::string_view content, const std::string& who, const RecordSink& sink) {
  for_each_line(content, who, [&](std::string_view line, const std::string& where) {
    sink(parse_json(line, where), where);
  });
}

char first_character(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string_view::npos ? '\0' : text[begin];
}

// JSON of either kind, whatever the file's name promised: text behind a complete first line can
// only be more lines; a lone line is what the name says, unless it is a list.
void read_json(std::string_view content, const std::string& field, const std::string& who,
               bool named_lines, const RecordSink& sink) {
  std::string_view rest = content;
  std::string_view first;
  while (!rest.empty() && is_blank_line(first)) first = take_line(rest);
  const bool lines = Json::accept(first)
                         ? !is_blank_line(rest) || (named_lines && first_character(first) != '[')
                         : named_lines && !Json::accept(content);
  if (lines) return read_lines(content, who, sink);
  read_document(content, field, who, sink);
}

void read_plain(std::string_view content, const std::string& who, const RecordSink& sink) {
  for_each_line(content, who,
                [&](std::string_view line, const std::string& where) { sink(Json(line), where); });
}

// A column that may be the prompt under a name nobody knows; answers never are.
bool may_be_prompt(const std::string& name) {
  const auto never = {"task", "completion", "output", "response", "answer", "target"};
  return std::find(never.begin(), never.end(), name) == never.end();
}

// The header's names. A lone column (beside `task`) is called "prompt", whatever its name.
std::vector<std::string> read_header(CsvReader& reader, const std::string& field,
                                     const std::string& who) {
  std::vector<std::string> names;
  if (!reader.next(names)) return names;
  std::vector<std::string*> others;
  std::set<std::string> seen;
  for (std::string& name : names) {
    name = trimmed(name);
    if (!seen.insert(name).second) {
      fail(ErrorKind::data, who, ": line ", reader.line(), ": two columns are called '",
           printable(name), "'");
    }
    if (name != "task") others.push_back(&name);
  }
  if (field.empty() && others.size() == 1 && may_be_prompt(*others[0])) *others[0] = "prompt";
  return names;
}

// Appended directly, as in parse_json: ordered_json's own insertion searches all earlier keys.
Json record_of(const std::vector<std::string>& names, const std::vector<std::string>& row) {
  Json record = Json::object();
  using Members = std::vector<Json::object_t::value_type>;
  auto& members = static_cast<Members&>(record.get_ref<Json::object_t&>());
  members.reserve(names.size());
  for (std::size_t i = 0; i < row.size(); ++i) members.emplace_back(names[i], row[i]);
  return record;
}

void read_csv(std::string_view content, char separator, const std::string& field,
              const std::string& who, const RecordSink& sink) {
  CsvReader reader(content, separator, who);
  const std::vector<std::string> names = read_header(reader, field, who);
  std::vector<std::string> row;
  while (reader.next(row)) {
    const std::string where = cat(who, ": line ", reader.line());
    if (row.size() != names.size()) {
      fail(ErrorKind::data, where, ": ", row.size(), " fields, the header has ", names.size(),
           " (a separator inside a field needs quotes around the field)");
    }
    sink(record_of(names, row), where);
  }
}

}  // namespace

void for_each_record(std::string_view content, const std::filesystem::path& path,
                     const std::string& field, const std::string& who, const RecordSink& sink) {
  content = checked_text(content, who);
  const std::string extension = lower_ascii(path.extension().string());
  if (extension == ".txt") return read_plain(content, who, sink);
  if (extension == ".csv") return read_csv(content, ',', field, who, sink);
  if (extension == ".tsv") return read_csv(content, '\t', field, who, sink);
  if (is_blank_line(content)) return;
  const bool named_lines = extension == ".jsonl" || extension == ".ndjson";
  const char begin = first_character(content);
  if (named_lines || extension == ".json" || begin == '{' || begin == '[') {
    return read_json(content, field, who, named_lines, sink);
  }
  read_plain(content, who, sink);
}

}  // namespace dnd::text
