#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "text/prompt_files.h"

namespace dnd::text {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(std::string_view text, char separator = ',') {
  CsvReader reader(text, separator, "x.csv");
  Rows rows;
  std::vector<std::string> row;
  while (reader.next(row)) rows.push_back(row);
  return rows;
}

TEST(Csv, PlainFieldsWithAnyLineEnd) {
  const Rows expected = {{"a", "b"}, {"c", ""}};
  EXPECT_EQ(rows_of("a,b\nc,\n"), expected);
  EXPECT_EQ(rows_of("a,b\r\nc,\r\n"), expected);
  EXPECT_EQ(rows_of("a,b\nc,"), expected);
  EXPECT_EQ(rows_of("a\tb\nc\t", '\t'), expected);
}

TEST(Csv, QuotedFieldsHoldSeparatorsQuotesAndLines) {
  EXPECT_EQ(rows_of("\"a,\"\"b\"\"\",\"c\r\nd\"\r\n\"\",x"),
            (Rows{{"a,\"b\"", "c\r\nd"}, {"", "x"}}));
}

TEST(Csv, QuoteInsidePlainFieldIsText) {
  EXPECT_EQ(rows_of("say \"hi\",x"), (Rows{{"say \"hi\"", "x"}}));
}

TEST(Csv, BlankLinesAreNoRows) { EXPECT_EQ(rows_of("\n\r\na\n\n\nb\n\n"), (Rows{{"a"}, {"b"}})); }

TEST(Csv, LineIsWhereTheRowBegins) {
  CsvReader reader("h\n\"a\nb\nc\"\n\nlast", ',', "x.csv");
  std::vector<std::string> row;
  std::vector<std::size_t> lines;
  while (reader.next(row)) lines.push_back(reader.line());
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 2, 6}));
}

TEST(Csv, MalformedQuotes) {
  EXPECT_DND_ERROR(rows_of("a\nb,\"c\nd"), ErrorKind::data,
                   "x.csv: line 2: a quoted field never ends");
  EXPECT_DND_ERROR(rows_of("a\n\"b\"c\n"), ErrorKind::data,
                   "x.csv: line 2: text behind the closing quote");
}

}  // namespace
}  // namespace dnd::text
