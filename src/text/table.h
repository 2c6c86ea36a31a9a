// Tables of a spreadsheet: which separator, whether there is a header row, which column holds prompts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/prompt_files.h"
#include "text/prompt_source.h"

namespace dnd::text {

// By the first rows: the separator (commas, semicolons, tabs; `preferred` where several would do) with which
// all have as many fields, names that are known above them where that decides; one column where none does.
// The first row is a header where it names a known key (text/record_keys.h) or `field`, or holds what may be
// names and no sentences.
TableForm table_form(std::string_view content, char preferred, const std::string& field);

// The form of a text whose name says nothing of a table: several columns, all rows of as many fields under a
// header of known keys alone, a question's among them. nullopt of other texts.
std::optional<TableForm> hidden_table(std::string_view content);

// Hands every row as a record to `sink`. A lone column (beside `task`) is called "prompt", whatever its
// name, unless that is an answer's; columns without a header are called "1", "2", ... Throws Error(data) of
// rows with more or fewer fields, names that come twice, and several columns without a name or a `field`.
void read_table(std::string_view content, const TableForm& form, const std::string& field,
                const std::string& who, const RecordSink& sink);

}  // namespace dnd::text
