#include "text/table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <vector>

#include "base/strings.h"
#include "text/record_keys.h"

namespace dnd::text {
namespace {

constexpr std::size_t kSample = 200;  // rows that the form is guessed from
constexpr std::size_t kLongestName = 40;
constexpr std::size_t kMostWords = 3;

using Row = std::vector<std::string>;

// "sep=;", which Excel takes for itself.
bool names_separator(const Row& row, char separator) {
  return (row.size() == 2 && row[0] == "sep=" && row[1].empty()) ||
         (row.size() == 1 && row[0] == std::string("sep=") + separator);
}

std::optional<char> named_separator(std::string_view content) {
  if (!content.starts_with("sep=") || content.size() < 6) return std::nullopt;
  const char separator = content[4];
  const bool alone = content[5] == '\n' || content[5] == '\r';
  return alone && std::string_view(",;\t|").find(separator) != std::string_view::npos
             ? std::optional<char>(separator)
             : std::nullopt;
}

// The first rows; none where they break the rules of quotes.
std::vector<Row> sample(std::string_view content, char separator) {
  CsvReader reader(content, separator, "");
  std::vector<Row> rows;
  try {
    for (Row row; rows.size() < kSample && reader.next(row);) {
      if (rows.empty() && names_separator(row, separator)) continue;
      rows.push_back(row);
    }
  } catch (const Error&) {
    return {};
  }
  return rows;
}

bool is_number(std::string_view text) {
  double value = 0.0;
  return std::from_chars(text.data(), text.data() + text.size(), value).ptr ==
             text.data() + text.size() &&
         !text.empty();
}

// A word or three, no sentence.
bool may_be_name(const std::string& cell) {
  const std::string name = trimmed(cell);
  const auto words = 1 + std::count_if(name.begin(), name.end(),
                                       [](char c) { return kBlank.find(c) != kBlank.npos; });
  return name.size() <= kLongestName && words <= static_cast<std::ptrdiff_t>(kMostWords) &&
         name.find_first_of("?!,;:\n") == std::string::npos && !name.ends_with('.') &&
         !is_number(name);
}

bool is_known(const std::string& cell) { return kind_of_key(trimmed(cell)) != KeyKind::other; }

bool names_field(const Row& row, const std::string& field) {
  return !field.empty() && std::any_of(row.begin(), row.end(), [&](const std::string& cell) {
    return trimmed(cell) == field;
  });
}

bool any_known(const Row& row) { return std::any_of(row.begin(), row.end(), is_known); }

bool is_header(const Row& row, const std::string& field) {
  if (names_field(row, field) || any_known(row)) return true;
  const bool any = std::any_of(row.begin(), row.end(),
                               [](const std::string& cell) { return !trimmed(cell).empty(); });
  return any && std::all_of(row.begin(), row.end(), may_be_name);
}

bool same_width(const std::vector<Row>& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [&](const Row& row) { return row.size() == rows[0].size(); });
}

// Nearly all rows have as many fields, more than one: the others lack quotes.
bool mostly_same_width(const std::vector<Row>& rows) {
  std::map<std::size_t, std::size_t> counts;
  for (const Row& row : rows) ++counts[row.size()];
  return std::any_of(counts.begin(), counts.end(), [&](const auto& count) {
    return count.first > 1 && 10 * count.second >= 9 * rows.size();
  });
}

constexpr int kKnownNames = 3;

// How well a separator fits; 0: it separates nothing, kKnownNames: it separates a header with known names.
int fit(const std::vector<Row>& rows, const std::string& field) {
  if (rows.empty()) return 0;
  const bool known = rows[0].size() > 1 && (any_known(rows[0]) || names_field(rows[0], field));
  if (rows[0].size() < 2 || !same_width(rows)) return known || mostly_same_width(rows) ? 1 : 0;
  return known ? kKnownNames : 2;
}

// A lone name that nobody knows, above single words: names cannot be told from prompts.
bool is_doubtful(const std::vector<Row>& rows, const std::string& field) {
  return rows.size() > 1 && rows[0].size() == 1 && !any_known(rows[0]) &&
         !names_field(rows[0], field) &&
         std::all_of(rows.begin(), rows.end(), [](const Row& row) { return may_be_name(row[0]); });
}

// Names that are known, as they are known.
void spell_known_names(Row& names) {
  std::set<std::string> taken(names.begin(), names.end());
  for (std::string& name : names) {
    const std::string lower = lower_ascii(name);
    if (is_known(name) && taken.insert(lower).second) name = lower;
  }
}

Row read_header(CsvReader& reader, Row names, const std::string& field, const std::string& who) {
  std::vector<std::string*> others;
  std::set<std::string> seen;
  for (std::string& name : names) {
    name = trimmed(name);
    if (!seen.insert(name).second) {
      fail(ErrorKind::data, who, ": line ", reader.line(), ": two columns are called '",
           printable(name), "'");
    }
  }
  if (!field.empty()) return names;
  spell_known_names(names);
  for (std::string& name : names) {
    if (name != "task") others.push_back(&name);
  }
  // What is known by another name is read as what it is: a text may hold its answer.
  const KeyKind kind = others.size() == 1 ? kind_of_key(*others[0]) : KeyKind::answer;
  if (kind != KeyKind::answer && kind != KeyKind::question) *others[0] = "prompt";
  return names;
}

// Names of columns where no row has them.
Row number_columns(const Row& first, char separator, const std::string& field,
                   const std::string& where) {
  if (first.size() == 1 && field.empty()) return {"prompt"};
  if (field.empty()) {
    const std::string shown = joined(first, quoted_beginning);
    fail(ErrorKind::data, where, ": no header row says which of ", first.size(),
         " columns is the prompt (", shown, "); put names above them, such as prompt",
         separator == '\t' ? "<tab>" : std::string(1, separator),
         "answer, or give its number: --field 1");
  }
  Row names;
  for (std::size_t i = 1; i <= first.size(); ++i) names.push_back(cat(i));
  return names;
}

// Appended directly, as in parse_json: ordered_json's own insertion searches all earlier keys.
Json record_of(const Row& names, const Row& row) {
  Json record = Json::object();
  using Members = std::vector<Json::object_t::value_type>;
  auto& members = static_cast<Members&>(record.get_ref<Json::object_t&>());
  members.reserve(names.size());
  for (std::size_t i = 0; i < row.size(); ++i) members.emplace_back(names[i], row[i]);
  return record;
}

void check_width(const Row& row, const Row& names, bool header, const std::string& where) {
  if (row.size() == names.size()) return;
  fail(ErrorKind::data, where, ": ", row.size(), " fields, the ", header ? "header" : "first row",
       " has ", names.size(), " (a separator inside a field needs quotes around the field",
       names.size() == 1 ? "; a prompt a line is a .txt)" : ")");
}

}  // namespace

TableForm table_form(std::string_view content, char preferred, const std::string& field) {
  if (const auto separator = named_separator(content)) {
    const auto rows = sample(content, *separator);
    return {*separator, rows.empty() || is_header(rows[0], field), is_doubtful(rows, field)};
  }
  TableForm form{preferred};
  std::vector<Row> best = sample(content, preferred);
  int best_fit = fit(best, field);
  for (const char separator : {',', ';', '\t', '|'}) {
    std::vector<Row> rows = sample(content, separator);
    const int this_fit = fit(rows, field);
    if (this_fit <= best_fit || (separator == '|' && this_fit < kKnownNames)) continue;
    best_fit = this_fit;
    best = std::move(rows);
    form.separator = separator;
  }
  form.header = best.empty() || is_header(best[0], field);
  form.header_is_guess = form.header && is_doubtful(best, field);
  return form;
}

std::optional<TableForm> hidden_table(std::string_view content) {
  for (const char separator : {',', ';', '\t', '|'}) {
    const std::vector<Row> rows = sample(content, separator);
    if (rows.size() < 2 || rows[0].size() < 2 || !same_width(rows)) continue;
    const Row& names = rows[0];
    const auto is_question = [](const std::string& name) {
      return kind_of_key(trimmed(name)) == KeyKind::question;
    };
    if (std::all_of(names.begin(), names.end(), is_known) &&
        std::any_of(names.begin(), names.end(), is_question)) {
      return TableForm{separator};
    }
  }
  return std::nullopt;
}

void read_table(std::string_view content, const TableForm& form, const std::string& field,
                const std::string& who, const RecordSink& sink) {
  CsvReader reader(content, form.separator, who);
  Row row;
  bool any = reader.next(row);
  if (any && names_separator(row, form.separator)) any = reader.next(row);
  if (!any) return;
  const auto where = [&] { return cat(who, ": line ", reader.line()); };
  const Row names = form.header ? read_header(reader, row, field, who)
                                : number_columns(row, form.separator, field, where());
  if (form.header) any = reader.next(row);
  for (; any; any = reader.next(row)) {
    check_width(row, names, form.header, where());
    sink(record_of(names, row), where());
  }
}

}  // namespace dnd::text
