// A choice of file, then its bytes: tasks.json beside the files it may name, or a file of questions.
// Accepted: tasks have names of their own that may be folders' and all that training needs.
#include <set>

#include "fuzz/fuzz_support.h"
#include "tasks/task_set.h"
#include "text/prompts.h"

namespace dnd::fuzz {
namespace {

// Prompts, questions and one adapter, once for all inputs.
const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    scratch().file("p", "one\ntwo\n");
    scratch().file("q", "{\"prompt\": \"one\", \"answer\": \"1\"}\n");
    std::filesystem::create_directories(scratch() / "a/step");
    scratch().file("a/step/adapter_config.json", "{}");
    return scratch().path();
  }();
  return made;
}

void check_questions(const std::vector<tasks::Question>& questions) {
  for (const tasks::Question& question : questions) {
    require(!question.prompt.empty() && !question.answer.empty(), "a question has an answer");
  }
}

void check_task(const tasks::Task& task) {
  text::check_task_name(task.name);
  require(!task.prompts.empty(), "a task has prompts");
  check_questions(task.test);
  if (task.paraphrase) check_questions(task.paraphrase->test);
}

void check_set(const tasks::TaskSet& set) {
  std::set<std::string> names;
  for (const tasks::Task& task : set.train) {
    require(!task.adapters.empty(), "a task to train on has adapters");
  }
  for (const auto* list : {&set.train, &set.held_out}) {
    for (const tasks::Task& task : *list) {
      check_task(task);
      require(names.insert(task.name).second, "a task's name is its own");
    }
  }
  require(!names.empty(), "a set has tasks");
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view input = as_text(data, size);
  const std::size_t choice = take_choice(input, 2);
  const auto path = folder() / (choice == 0 ? "tasks.json" : "questions.jsonl");
  scratch().file(path.filename().string(), input);
  accepted(
      [&] {
        if (choice == 0) {
          check_set(dnd::tasks::read_task_set(path));
        } else {
          check_questions(dnd::tasks::read_questions(path));
        }
      },
      Refusal::data_or_no_input);
  return 0;
}
