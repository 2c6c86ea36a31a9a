#include "eval/examples.h"

namespace dnd::eval {

Examples examples_for(const tasks::Question& question, const std::vector<tasks::Question>& pool,
                      std::size_t count) {
  Examples examples;
  for (const tasks::Question& each : pool) {
    if (examples.size() == count) break;
    if (!tasks::ask_the_same(each, question)) examples.push_back(&each);
  }
  return examples;
}

std::vector<chat::Message> turns_of(const Examples& examples, const tasks::Question& question,
                                    tasks::Ask ask) {
  std::vector<chat::Message> turns;
  for (const tasks::Question* example : examples) {
    turns.push_back({"user", tasks::asked(*example, ask)});
    turns.push_back({"assistant", example->answer});
  }
  turns.push_back({"user", tasks::asked(question, ask)});
  return turns;
}

std::string text_with(const Examples& examples, const tasks::Question& question, tasks::Ask ask) {
  std::string text;
  for (const tasks::Question* example : examples) {
    const std::string& asked = tasks::asked(*example, ask);
    text += asked + chat::answer_gap(asked) + example->answer + "\n\n";
  }
  return text + tasks::asked(question, ask);
}

}  // namespace dnd::eval
