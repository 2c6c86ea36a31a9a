#include "text/prompt_files.h"

#include <algorithm>

#include "base/strings.h"
#include "text/checked_text.h"
#include "text/gzip.h"
#include "text/prompt_record.h"
#include "text/prompts.h"
#include "text/record_keys.h"
#include "text/table.h"

namespace dnd::text {
namespace {

void read_list(const Json& list, const std::string& who, const RecordSink& sink) {
  for (std::size_t i = 0; i < list.size(); ++i) sink(list[i], cat(who, ": record ", i + 1));
}

// Texts alone count as records only where nothing else could be meant: beside other keys a list of
// strings may be tags.
bool is_record_list(const Json& object, const std::string& key, const Json& value) {
  const bool may_be_text = object.size() == 1 || key == "prompts";
  if (kind_of_key(key) == KeyKind::answer) return false;
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
// Whether it was lines.
bool read_json(std::string_view content, const std::string& field, const std::string& who,
               bool named_lines, const RecordSink& sink) {
  std::string_view rest = content;
  std::string_view first;
  while (!rest.empty() && is_blank_line(first)) first = take_line(rest);
  const bool lines = Json::accept(first)
                         ? !is_blank_line(rest) || (named_lines && first_character(first) != '[')
                         : named_lines && !Json::accept(content);
  if (lines) {
    read_lines(content, who, sink);
  } else {
    read_document(content, field, who, sink);
  }
  return lines;
}

void read_plain(std::string_view content, const std::string& who, const RecordSink& sink) {
  for_each_line(content, who,
                [&](std::string_view line, const std::string& where) { sink(Json(line), where); });
}

// Whether every line is a record with a prompt, whatever the file is called.
bool is_hidden_lines(std::string_view content, const std::string& field) {
  bool any = false;
  while (!content.empty()) {
    const std::string_view line = take_line(content);
    if (is_blank_line(line)) continue;
    if (first_character(line) != '{' || !Json::accept(line)) return false;
    try {
      if (!find_prompt(parse_json(line, ""), field, "")) return false;
    } catch (const Error&) {
      return false;
    }
    any = true;
  }
  return any;
}

// Reads `content` as what name and beginning say it is; says what that was.
void read_container(std::string_view content, const std::filesystem::path& path,
                    const std::string& field, const std::string& who, PromptSource& source,
                    const RecordSink& sink) {
  const std::string extension = lower_ascii(path.extension().string());
  const bool named_lines = extension == ".jsonl" || extension == ".ndjson";
  const bool named_table = extension == ".csv" || extension == ".tsv";
  const char begin = first_character(content);
  if (begin == '\0') return;
  const bool may_be_json = !named_table && (extension != ".txt" || is_hidden_lines(content, field));
  if (may_be_json && (named_lines || extension == ".json" || begin == '{' || begin == '[')) {
    const bool lines = read_json(content, field, who, named_lines, sink);
    source.container = lines ? "JSON Lines" : "JSON";
    return;
  }
  source.table = named_table ? table_form(content, extension == ".tsv" ? '\t' : ',', field)
                             : hidden_table(content);
  source.container = source.table ? "table" : "text, a prompt a line";
  if (source.table) return read_table(content, *source.table, field, who, sink);
  read_plain(content, who, sink);
}

}  // namespace

void for_each_record(std::string_view content, const std::filesystem::path& path,
                     const std::string& field, const std::string& who, PromptSource& source,
                     const RecordSink& sink) {
  std::filesystem::path name = path;
  std::string unpacked;
  source.compressed = is_gzip(content);
  if (source.compressed) {
    unpacked = unpack_gzip(content, kMaxPromptFile, who);
    content = unpacked;
    if (lower_ascii(name.extension().string()) == ".gz") name = name.stem();
  }
  content = checked_text(content, name, who);
  std::string lines;  // old Macs end them with a carriage return alone
  if (content.find('\n') == content.npos && content.find('\r') != content.npos) {
    lines = content;
    std::replace(lines.begin(), lines.end(), '\r', '\n');
    content = lines;
  }
  read_container(content, name, field, who, source, sink);
}

}  // namespace dnd::text
