// A choice of file name and field, then the bytes of a prompt file. Accepted: every prompt is UTF-8
// with something in it, and every task may be a folder's name.
#include <array>

#include "fuzz/fuzz_support.h"
#include "text/prompts.h"

namespace dnd::fuzz {
namespace {

constexpr std::array<const char*, 6> kNames = {"x.txt", "x.jsonl", "x.json", "x.csv", "x.tsv", "x"};
constexpr std::array<const char*, 2> kFields = {"", "doc.question"};

void check_set(const text::PromptSet& set) {
  std::size_t found = set.skipped_empty;
  for (const text::PromptTask& task : set.tasks) {
    if (!task.name.empty()) text::check_task_name(task.name);
    for (const std::string& prompt : task.prompts) {
      require(is_valid_utf8(prompt), "a prompt is UTF-8");
      require(!prompt.empty(), "an empty prompt is left out");
      ++found;
    }
  }
  require(found > 0, "an accepted file holds records");
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view input = as_text(data, size);
  const std::size_t choice = take_choice(input, kNames.size() * kFields.size());
  const auto path = scratch().file(kNames[choice % kNames.size()], input);
  accepted([&] { check_set(dnd::text::read_prompts({path}, {kFields[choice / kNames.size()]})); });
  return 0;
}
