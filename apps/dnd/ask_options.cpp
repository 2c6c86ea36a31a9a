#include "ask_options.h"

#include <charconv>

#include "base/strings.h"

namespace dnd::app {

void add_ask_option(CLI::App& command, std::string& ask) {
  command.add_option("--ask", ask, "Which text of a question the base is asked")
      ->check(CLI::IsMember({"prompt", "bare"}))
      ->capture_default_str();
}

tasks::Ask ask_of(const std::string& name) {
  return name == "bare" ? tasks::Ask::bare : tasks::Ask::prompt;
}

std::optional<std::pair<std::int64_t, std::int64_t>> two_numbers(const std::string& text,
                                                                 char between) {
  std::pair<std::int64_t, std::int64_t> numbers;
  const char* const end = text.data() + text.size();
  const auto [middle, first] = std::from_chars(text.data(), end, numbers.first);
  if (first != std::errc() || middle == end || *middle != between) return std::nullopt;
  const auto [last, second] = std::from_chars(middle + 1, end, numbers.second);
  if (second != std::errc() || last != end) return std::nullopt;
  return numbers;
}

void add_layers_option(CLI::App& command, adapter::TargetOptions& targets) {
  command.add_option_function<std::string>(
      "--layers",
      [&targets](const std::string& text) {
        const auto numbers = two_numbers(text, '-');
        if (!numbers || numbers->first < 0 || numbers->second < numbers->first) {
          fail(ErrorKind::usage, "--layers ", printable(text),
               ": expected first and last, as 18-29");
        }
        targets.layers = adapter::LayerRange{numbers->first, numbers->second};
      },
      "Blocks, as 18-29 (default: all)");
}

std::pair<std::int64_t, std::int64_t> steps_and_batch(const std::string& option,
                                                      const std::string& text) {
  const auto numbers = two_numbers(text, 'x');
  if (numbers && numbers->first >= 1 && numbers->first <= kMostSteps && numbers->second >= 1 &&
      numbers->second <= kMostTogether) {
    return *numbers;
  }
  fail(ErrorKind::usage, option, " ", printable(text),
       ": expected steps and questions a step, as 200x32");
}

}  // namespace dnd::app
