#include "text/checked_text.h"

#include <array>

#include "base/lfs_pointer.h"

namespace dnd::text {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kTarMark = 257;  // where a tar archive says "ustar"

struct FileKind {
  std::string_view beginning;
  std::string_view name;
  std::string_view remedy;
};

constexpr std::string_view kUnpack = "unpack it first";
constexpr std::string_view kExport = "export it as CSV in UTF-8";
constexpr std::string_view kFromParquet =
    "python3 -c \"import pandas; pandas.read_parquet('IN').to_json('OUT.jsonl', orient='records', "
    "lines=True)\" makes JSON Lines of it";
constexpr std::string_view kFromFeather =
    "python3 -c \"import pandas; pandas.read_feather('IN').to_json('OUT.jsonl', orient='records', "
    "lines=True)\" makes JSON Lines of it";
constexpr std::string_view kFromStream =
    "python3 -c \"import datasets; datasets.Dataset.from_file('IN').to_json('OUT.jsonl')\" makes "
    "JSON Lines of it";

constexpr std::array<FileKind, 14> kKinds = {
    {{"PAR1"sv, "a Parquet file", kFromParquet},
     {"ARROW1\0\0"sv, "an Arrow file", kFromFeather},
     {"FEA1"sv, "a Feather file", kFromFeather},
     {"\xFF\xFF\xFF\xFF"sv, "an Arrow stream", kFromStream},
     {"PK\x03\x04"sv, "a zip archive or a spreadsheet", "unpack it, or export it as CSV in UTF-8"},
     {"\xD0\xCF\x11\xE0"sv, "a spreadsheet or document of Microsoft Office", kExport},
     {"BZh"sv, "packed with bzip2", "unpack it first (bunzip2)"},
     {"\xFD\x37zXZ\0"sv, "packed with xz", "unpack it first (unxz)"},
     {"\x28\xB5\x2F\xFD"sv, "packed with zstd", "unpack it first (unzstd)"},
     {"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", kUnpack},
     {"\x1F\x8B"sv, "packed with gzip twice", "unpack it once (gunzip)"},
     {"SQLite format 3\0"sv, "an SQLite database", kExport},
     {"%PDF-"sv, "a PDF", "save its text"},
     {"\x80\x04"sv, "a Python pickle", "save its records as JSON Lines"}}};

[[noreturn]] void refuse(const std::string& who, std::string_view kind, std::string_view remedy) {
  fail(ErrorKind::data, who, ": is ", kind, ", which is not read here; ", remedy);
}

// Of bytes that are no text.
void refuse_binary_kinds(std::string_view content, const std::string& who) {
  for (const FileKind& kind : kKinds) {
    if (content.starts_with(kind.beginning)) refuse(who, kind.name, kind.remedy);
  }
  if (content.size() > kTarMark && content.substr(kTarMark).starts_with("ustar")) {
    refuse(who, "a tar archive", kUnpack);
  }
}

// Of texts.
void refuse_other_texts(std::string_view content, const std::filesystem::path& path,
                        const std::string& who) {
  refuse_lfs_pointer(content, who);
  const std::string extension = lower_ascii(path.extension().string());
  if (extension == ".yaml" || extension == ".yml") {
    refuse(
        who, "YAML",
        "python3 -c \"import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)\" "
        "< IN.yaml > OUT.json makes JSON of it");
  }
}

// "UTF-16LE", "UTF-16BE" by the NUL bytes that ASCII has there, "" if it is neither: they are all on one side
// of the pairs, and either next to every line's end or in half of all pairs.
std::string_view utf16_order(std::string_view content) {
  if (content.size() < 2 || content.size() % 2 != 0) return "";
  std::array<std::size_t, 2> nulls{};
  std::array<std::size_t, 2> ends{};        // of lines, by their place in the pair
  std::array<std::size_t, 2> whole_ends{};  // with a NUL as the pair's other byte
  for (std::size_t i = 0; i < content.size(); ++i) {
    const std::size_t side = i % 2;
    if (content[i] == '\0') ++nulls.at(side);
    if (content[i] != '\n') continue;
    ++ends.at(side);
    if (content[i ^ 1U] == '\0') ++whole_ends.at(side);
  }
  for (const std::size_t side : {0U, 1U}) {  // of the characters' low bytes
    if (nulls.at(side) > 0 || nulls.at(1 - side) == 0) continue;
    const bool by_ends =
        ends.at(side) > 0 && ends.at(side) == whole_ends.at(side) && ends.at(1 - side) == 0;
    if (by_ends || 4 * nulls.at(1 - side) >= content.size())
      return side == 0 ? "UTF-16LE" : "UTF-16BE";
  }
  return "";
}

void refuse_other_encodings(std::string_view content, const std::string& who) {
  const auto refuse_encoding = [&](std::string_view name, std::string_view note) {
    fail(ErrorKind::data, who, ": is ", name, note, "; save it as UTF-8 (iconv -f ", name,
         " -t UTF-8 IN > OUT)");
  };
  if (content.starts_with("\xFF\xFE\0\0"sv) || content.starts_with("\0\0\xFE\xFF"sv)) {
    refuse_encoding("UTF-32", "");
  }
  if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF")) {
    refuse_encoding("UTF-16", "");
  }
  const std::string_view order = utf16_order(content);
  if (!order.empty()) refuse_encoding(order, " without a byte-order mark");
}

}  // namespace

std::string_view checked_text(std::string_view content, const std::filesystem::path& path,
                              const std::string& who) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (content.find('\0') == std::string_view::npos && is_valid_utf8(content)) {
    refuse_other_texts(content, path, who);
    return content;
  }
  refuse_binary_kinds(content, who);
  refuse_other_encodings(content, who);
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

}  // namespace dnd::text
