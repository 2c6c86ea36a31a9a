#include "text/prompt_source.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/strings.h"

namespace dnd::text {
namespace {

constexpr std::size_t kMostKept = 64;    // names of a file
constexpr std::size_t kMostNamed = 6;    // of each kind, in a line
constexpr std::size_t kShownBytes = 60;  // of the first prompt

std::string_view separator_name(char separator) {
  if (separator == ';') return "semicolons";
  if (separator == '|') return "bars";
  return separator == '\t' ? "tabs" : "commas";
}

std::string table_text(const TableForm& table) {
  const std::string_view header = !table.header           ? "no header row"
                                  : table.header_is_guess ? "header row, a guess: name the file "
                                                            ".txt if it is a prompt"
                                                          : "header row";
  return cat(" (", separator_name(table.separator), ", ", header, ")");
}

std::string fields_text(const PromptSource& source) {
  const bool alone = source.fields.size() == 1;
  return joined(source.fields, [&](const auto& field) {
    return cat("'", printable(field.first), "'", alone ? "" : cat(" (", field.second, ")"));
  });
}

std::string names_of(const PromptSource& source, KeyKind kind) {
  std::string names;
  std::size_t count = 0;
  for (const LeftOut& left : source.left_out) {
    if (left.kind != kind || count++ >= kMostNamed) continue;
    names += names.empty() ? "" : ", ";
    names += left.is_part ? left.name : cat("'", printable(left.name), "'");
  }
  return count > kMostNamed ? cat(names, " and ", count - kMostNamed, " more") : names;
}

std::string left_out_text(const PromptSource& source) {
  std::string text;
  for (const KeyKind kind :
       {KeyKind::answer, KeyKind::context, KeyKind::choices, KeyKind::question, KeyKind::other}) {
    const std::string names = names_of(source, kind);
    if (names.empty()) continue;
    const std::string_view what = kind_name(kind);
    text += cat(text.empty() ? "; left out: " : "; ", what, what.empty() ? "" : " ", names);
  }
  return text;
}

// All that the line says but files, counts and the first prompt.
bool read_alike(const PromptSource& x, const PromptSource& y) {
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  return x.container == y.container && x.compressed == y.compressed && x.table == y.table &&
         x.left_out == y.left_out && (x.cut > 0) == (y.cut > 0) &&
         std::equal(x.fields.begin(), x.fields.end(), y.fields.begin(), y.fields.end(), same_name);
}

struct Group {
  PromptSource source;  // of the first file, with the counts of all
  std::size_t more = 0;
};

std::vector<Group> grouped(const std::vector<PromptSource>& sources) {
  std::vector<Group> groups;
  for (const PromptSource& source : sources) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& each) {
      return read_alike(each.source, source);
    });
    if (group == groups.end()) {
      groups.push_back({source, 0});
      continue;
    }
    ++group->more;
    group->source.prompts += source.prompts;
    group->source.cut += source.cut;
    for (std::size_t i = 0; i < source.fields.size(); ++i) {
      group->source.fields[i].second += source.fields[i].second;
    }
  }
  return groups;
}

std::string line_of(const Group& group) {
  const PromptSource& source = group.source;
  std::string line = "prompts: " + printable(source.file);
  if (group.more > 0) line += cat(" and ", group.more, " more");
  line += cat(": ", source.compressed ? "gzip, " : "", source.container);
  if (source.table) line += table_text(*source.table);
  line += cat(", ", source.prompts, source.prompts == 1 ? " prompt" : " prompts");
  if (!source.fields.empty()) line += " from " + fields_text(source);
  if (source.cut > 0) {
    line += cat(", ", source.cut, " cut where the answer begins (--field takes them whole)");
  }
  line += left_out_text(source);
  if (!source.first.empty()) line += "; first " + quoted_beginning(source.first);
  return line;
}

Json json_of(const Group& group) {
  const PromptSource& source = group.source;
  Json fields = Json::array();
  for (const auto& [name, count] : source.fields) fields.push_back(name);
  Json left_out = Json::array();
  for (const LeftOut& left : source.left_out) left_out.push_back(left.name);
  Json json = {{"file", printable(source.file)},
               {"files", group.more + 1},
               {"container", source.container},
               {"prompts", source.prompts},
               {"fields", fields},
               {"left_out", left_out},
               {"first", shown_beginning(source.first)}};
  if (source.compressed) json["compressed"] = "gzip";
  if (source.cut > 0) json["cut"] = source.cut;
  if (!source.table) return json;
  json["separator"] = std::string(1, source.table->separator);
  json["header"] = source.table->header;
  return json;
}

}  // namespace

void PromptSource::take(const std::string& field) {
  ++prompts;
  if (field.empty()) return;
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& each) { return each.first == field; });
  if (found != fields.end()) {
    ++found->second;
  } else if (fields.size() < kMostKept) {
    fields.emplace_back(field, 1);
  }
}

bool PromptSource::has_left(std::string_view name, bool is_part) const {
  return std::any_of(left_out.begin(), left_out.end(), [&](const LeftOut& left) {
    return left.is_part == is_part && left.name == name;
  });
}

void PromptSource::leave(std::string_view key) {
  if (left_out.size() >= kMostKept || has_left(key, false)) return;
  left_out.push_back({kind_of_key(key), std::string(key), false});
}

void PromptSource::leave_part(std::string_view name) {
  if (left_out.size() >= kMostKept || has_left(name, true)) return;
  left_out.push_back({KeyKind::other, std::string(name), true});
}

std::string shown_beginning(std::string_view prompt) {
  std::size_t end = std::min(prompt.size(), kShownBytes);
  while (end < prompt.size() && end > 0 && continues_character(prompt[end])) --end;
  std::string beginning(prompt.substr(0, end));
  std::replace_if(
      beginning.begin(), beginning.end(), [](char c) { return kBlank.find(c) != kBlank.npos; },
      ' ');
  return cat(printable(beginning), end < prompt.size() ? "..." : "");
}

std::string quoted_beginning(std::string_view prompt) {
  return cat("'", shown_beginning(prompt), "'");
}

std::vector<std::string> source_lines(const std::vector<PromptSource>& sources) {
  std::vector<std::string> lines;
  for (const Group& group : grouped(sources)) lines.push_back(line_of(group));
  return lines;
}

Json sources_json(const std::vector<PromptSource>& sources) {
  Json list = Json::array();
  for (const Group& group : grouped(sources)) list.push_back(json_of(group));
  return list;
}

void tell_plain_lines(const std::string& first) {
  log_info(cat("prompts: standard input: text, a prompt a line; first ", quoted_beginning(first)));
  const std::string line = trimmed(first);
  if (line.starts_with('{') && Json::accept(line)) {
    log_warning("prompts: standard input: looks like JSON Lines; each line is asked as it stands");
  }
}

void tell_sources(const std::vector<PromptSource>& sources) {
  for (const std::string& line : source_lines(sources)) log_info(line);
}

}  // namespace dnd::text
