#include "text/glove.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "base/checked_math.h"
#include "base/file.h"
#include "base/strings.h"
#include "text/unicode.h"

namespace dnd::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Full stops go, except between digits ("3.14").
std::string without_full_stops(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool in_number =
        i > 0 && i + 1 < text.size() && is_digit(text[i - 1]) && is_digit(text[i + 1]);
    if (text[i] != '.' || in_number) out += text[i];
  }
  return out;
}

// Where each word in use goes: rows of the condition.
using RowsOfWord = std::unordered_map<std::string, std::vector<std::size_t>>;

// One pass over the lines of a GloVe file, filling rows of `condition`.
class GloveReader {
 public:
  GloveReader(const std::filesystem::path& path, GloveCondition& condition)
      : file_(path), who_("glove: " + path.string()), condition_(condition) {}

  // Takes found words out of `wanted`.
  void read(RowsOfWord& wanted) {
    std::string_view rest = file_.text();
    std::string word;
    for (line_ = 1; !rest.empty() && !wanted.empty(); ++line_) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
      if (!holds_one_word(line)) continue;
      word = line.substr(0, line.find(' '));
      const auto found = wanted.find(word);
      if (found == wanted.end()) continue;
      fill_rows(line.substr(word.size() + 1), found->second);
      wanted.erase(found);
    }
  }

 private:
  // False for a word with spaces in it.
  bool holds_one_word(std::string_view line) const {
    const auto numbers = std::count(line.begin(), line.end(), ' ');
    if (numbers < condition_.width) {
      fail(ErrorKind::data, who_, ": line ", line_, ": ", numbers, " numbers behind the word, ",
           "expected ", condition_.width, " (another width, or file truncated?)");
    }
    return numbers == condition_.width;
  }

  void fill_rows(std::string_view numbers, const std::vector<std::size_t>& rows) {
    condition_.unknown -= rows.size();
    vector_.clear();
    for (const std::string_view field : split(numbers, ' ')) vector_.push_back(number(field));
    for (const std::size_t row : rows) {
      std::copy(vector_.begin(), vector_.end(),
                condition_.values.begin() + static_cast<std::ptrdiff_t>(row * vector_.size()));
    }
  }

  float number(std::string_view field) const {
    float value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) {
      fail(ErrorKind::data, who_, ": line ", line_, ": '", printable(field), "' is not a number");
    }
    return value;
  }

  MappedFile file_;
  std::string who_;
  GloveCondition& condition_;
  std::vector<float> vector_;
  std::size_t line_ = 1;
};

GloveCondition empty_condition(std::size_t prompts, std::size_t length, std::size_t width) {
  GloveCondition condition;
  condition.prompts = static_cast<std::int64_t>(prompts);
  condition.length = static_cast<std::int64_t>(length);
  condition.width = static_cast<std::int64_t>(width);
  const auto count = checked_elements({condition.prompts, condition.length, condition.width});
  if (!count || width == 0) {
    fail(ErrorKind::usage, "glove: no condition has the shape ",
         shape_text({condition.prompts, condition.length, condition.width}));
  }
  condition.values.assign(*count, 0.0F);
  return condition;
}

}  // namespace

std::vector<std::string> glove_words(std::string_view prompt) {
  std::string text = lower_case(prompt);
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  std::erase_if(text, [](char c) { return c == ',' || c == ';' || c == ':' || c == '?'; });
  std::replace(text.begin(), text.end(), '-', ' ');
  text = without_full_stops(text);
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) words.emplace_back(word);
  return words;
}

GloveCondition glove_condition(const std::filesystem::path& file,
                               const std::vector<std::string>& prompts, std::size_t length,
                               std::size_t width) {
  GloveCondition condition = empty_condition(prompts.size(), length, width);
  RowsOfWord wanted;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<std::string> words = glove_words(prompts[i]);
    const std::size_t used = std::min(words.size(), length);
    for (std::size_t j = 0; j < used; ++j) {
      if (!words[j].empty()) wanted[words[j]].push_back(i * length + j);
    }
    std::fill_n(condition.values.begin() + static_cast<std::ptrdiff_t>(i * length * width),
                used * width, 1.0F);
    condition.words += used;
  }
  condition.unknown = condition.words;  // until found
  GloveReader(file, condition).read(wanted);
  return condition;
}

}  // namespace dnd::text
