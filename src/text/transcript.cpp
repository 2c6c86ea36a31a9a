#include "text/transcript.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace dnd::text {
namespace {

constexpr auto kNowhere = std::string_view::npos;
constexpr std::string_view kEndOfTurn = "</s>";

// Marks that are written nowhere else: of chat templates, and headings.
struct Markup {
  std::string_view question;
  std::string_view answer;
  std::string_view end = {};   // of the question, before the answer
  std::string_view more = {};  // between two parts of the question, which a line's end joins
  bool is_template = false;
  bool anywhere = false;  // a template whose first system text has no marks of its own
};

constexpr std::array<Markup, 17> kMarkup = {
    {{"<|im_start|>user<|im_sep|>", "<|im_start|>assistant", "<|im_end|>", "", true},
     {"<|im_start|>user", "<|im_start|>assistant", "<|im_end|>", "", true},
     {"<|start_header_id|>user<|end_header_id|>", "<|start_header_id|>assistant<|end_header_id|>",
      "<|eot_id|>", "", true},
     {"<start_of_turn>user", "<start_of_turn>model", "<end_of_turn>", "", true},
     {"<|user|>", "<|assistant|>", "<|end|>", "", true},
     {"<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
      "<|END_OF_TURN_TOKEN|>", "", true},
     {"<|start_of_role|>user<|end_of_role|>", "<|start_of_role|>assistant<|end_of_role|>",
      "<|end_of_text|>", "", true},
     {"<|start|>user<|message|>", "<|start|>assistant", "<|end|>", "", true},
     {"<｜User｜>", "<｜Assistant｜>", "", "", true, true},
     {"[INST]", "[/INST]", "", "", true},
     {"### Instruction:", "### Response:", "", "### Input:"},
     {"### Input:", "### Response:"},
     {"### Human:", "### Assistant:"},
     {"### User:", "### Assistant:"},
     {"### Question:", "### Answer:"},
     {"### Problem:", "### Solution:"},
     {"### Input:", "### Output:"}}};

// Words that may stand anywhere: the question's has to begin the text, the answer's a word.
struct Words {
  std::string_view question;
  std::string_view answer;
  bool after_system = false;  // a text before the question's is the system's
};

constexpr std::array<Words, 10> kWords = {{{"USER:", "ASSISTANT:", true},
                                           {"Instruct:", "Output:"},
                                           {"Human:", "Assistant:"},
                                           {"User:", "Assistant:"},
                                           {"Question:", "Answer:"},
                                           {"Q:", "A:"},
                                           {"Instruction:", "Response:"},
                                           {"Instruction:", "Output:"},
                                           {"Problem:", "Solution:"},
                                           {"Input:", "Output:"}}};

std::string_view trimmed_view(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == kNowhere) return "";
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Llama 2 puts the system text into the first question.
std::string_view without_system(std::string_view question) {
  constexpr std::string_view kEnd = "<</SYS>>";
  const std::size_t end = question.find(kEnd);
  return end == kNowhere ? question : question.substr(end + kEnd.size());
}

// Whether a template's mark begins a turn: a text that speaks of marks has them inside of a line.
bool begins_turn(std::string_view text, std::size_t at) {
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == at || text[first] == '<' || text[first] == '[' || text[at - 1] == '\n';
}

std::optional<std::string> question_in(std::string_view text, const Markup& marks) {
  const std::size_t begin = text.find(marks.question);
  if (begin == kNowhere) return std::nullopt;
  if (marks.is_template && !marks.anywhere && !begins_turn(text, begin)) return std::nullopt;
  text.remove_prefix(begin + marks.question.size());
  const std::size_t answer = text.find(marks.answer);
  if (answer == kNowhere) return std::nullopt;
  if (!marks.is_template && trimmed_view(text).ends_with(marks.answer)) return std::nullopt;
  std::string_view question = text.substr(0, answer);
  if (!marks.end.empty()) question = question.substr(0, question.find(marks.end));
  question = trimmed_view(without_system(question));
  if (question.ends_with(kEndOfTurn)) question.remove_suffix(kEndOfTurn.size());
  const std::size_t more = marks.more.empty() ? kNowhere : question.find(marks.more);
  if (more == kNowhere) return std::string(trimmed_view(question));
  const std::string_view input = trimmed_view(question.substr(more + marks.more.size()));
  return cat(trimmed_view(question.substr(0, more)), input.empty() ? "" : "\n", input);
}

// Where `word` begins a word of `text`, from `from` on.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != kNowhere; at = text.find(word, at + 1)) {
    if (at == 0 || kBlank.find(text[at - 1]) != kNowhere) return at;
  }
  return kNowhere;
}

std::optional<std::string> question_in(std::string_view text, const Words& words) {
  text = trimmed_view(text);
  const std::size_t first = words.after_system ? find_word(text, words.question, 0) : 0;
  if (first == kNowhere || !text.substr(first).starts_with(words.question)) return std::nullopt;
  if (text.ends_with(words.answer)) return std::nullopt;
  const std::size_t begin = first + words.question.size();
  const std::size_t answer = find_word(text, words.answer, begin);
  if (answer == kNowhere) return std::nullopt;
  return std::string(trimmed_view(text.substr(begin, answer - begin)));
}

}  // namespace

std::optional<std::string> question_of_transcript(std::string_view text) {
  for (const Markup& marks : kMarkup) {
    if (auto question = question_in(text, marks)) return question;
  }
  for (const Words& words : kWords) {
    if (auto question = question_in(text, words)) return question;
  }
  return std::nullopt;
}

}  // namespace dnd::text
