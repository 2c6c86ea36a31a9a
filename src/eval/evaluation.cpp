#include "eval/evaluation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "eval/plot.h"

namespace dnd::eval {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFormat = "dnd-eval";
constexpr const char* kResultsName = "results.json";
constexpr const char* kTableName = "table.md";
constexpr const char* kPlotName = "results.svg";
constexpr std::uint64_t kMostBytes = 1ULL << 32U;  // of results.json, which has every answer

void check_same_layout(const generate::Generator& generator, const generate::Generator& first) {
  if (adapter::layout_to_json(generator.config.layout) ==
      adapter::layout_to_json(first.config.layout)) {
    return;
  }
  fail(ErrorKind::data, generator.folder.string(), ": another layout than ", first.folder.string(),
       ": they cannot be judged together");
}

bool is_plain_list(const Json& value) {
  return value.is_array() && std::none_of(value.begin(), value.end(),
                                          [](const Json& each) { return each.is_structured(); });
}

// Lists of numbers and texts on one line each: there are many.
std::string indented(const Json& value, std::size_t depth) {
  if (!value.is_structured() || value.empty() || is_plain_list(value)) return json_line(value);
  const std::string line = "\n" + std::string(2 * depth, ' ');
  std::string text;
  for (const auto& [key, each] : value.items()) {
    text += (text.empty() ? "" : ",") + line + "  ";
    if (value.is_object()) text += json_line(key) + ": ";
    text += indented(each, depth + 1);
  }
  return value.is_object() ? "{" + text + line + "}" : "[" + text + line + "]";
}

void add_tables(const Outcome& outcome, std::vector<Table>& tables) {
  if (!outcome.behaviour.empty()) {
    tables.push_back(behaviour_table(outcome));
    tables.push_back(lead_table(outcome));
  }
  tables.push_back(weights_table(outcome));
}

}  // namespace

Inputs open_generators(const std::vector<std::string>& models, const std::string& encoder) {
  Inputs inputs;
  for (const std::string& model : models) {
    inputs.generators.push_back(generate::open_generator(model));
  }
  for (const generate::Generator& generator : inputs.generators) {
    inputs.encoders.push_back(generate::find_encoder(generator, encoder));
    check_same_layout(generator, inputs.generators[0]);
  }
  return inputs;
}

void warn_about_prompts(const Inputs& inputs) {
  const auto needed = static_cast<std::size_t>(inputs.generators[0].config.condition.prompts);
  for (const tasks::Task& task : inputs.set.held_out) {
    const std::set<std::string> distinct(task.prompts.begin(), task.prompts.end());
    if (distinct.size() >= needed) continue;
    log_warning(cat("task '", printable(task.name), "': ", distinct.size(),
                    " distinct prompts for a generator that takes ", needed));
  }
}

void warn_about_examples(const Inputs& inputs, std::size_t count) {
  std::string few;
  for (const tasks::Task& task : inputs.set.held_out) {
    if (task.answers.size() >= count) continue;
    few += cat(few.empty() ? "" : ", ", "'", printable(task.name), "' ", task.answers.size());
  }
  if (!few.empty()) {
    log_warning(cat("--examples ", count, ": these tasks have fewer answers: ", few));
  }
}

void check_system_text(const tasks::Task& task, const chat::BaseChat& chat) {
  if (task.system) chat.require_template_for(cat("task '", printable(task.name), "': 'system'"));
}

bool has_questions(const tasks::TaskSet& set) {
  return std::any_of(set.held_out.begin(), set.held_out.end(),
                     [](const tasks::Task& task) { return !task.test.empty(); });
}

bool has_answers(const tasks::TaskSet& set) {
  return std::any_of(set.held_out.begin(), set.held_out.end(),
                     [](const tasks::Task& task) { return !task.answers.empty(); });
}

void check_asked(const tasks::TaskSet& set, tasks::Ask ask, bool answers) {
  const auto check = [&](const std::vector<tasks::Question>& questions) {
    for (const tasks::Question& question : questions) tasks::asked(question, ask);
  };
  for (const tasks::Task& task : set.held_out) {
    check(task.test);
    if (task.paraphrase) check(task.paraphrase->test);
    if (answers) check(task.answers);
  }
}

Evaluation::Evaluation(std::vector<Outcome> outcomes) : outcomes_(std::move(outcomes)) {
  if (outcomes_.size() > 1) pooled_ = pool(outcomes_);
}

std::vector<Table> Evaluation::tables() const {
  std::vector<Table> tables;
  if (pooled_) add_tables(*pooled_, tables);
  for (const Outcome& outcome : outcomes_) add_tables(outcome, tables);
  return tables;
}

Json Evaluation::json(const Json& call) const {
  Json json = {{"format", kFormat}, {"version", 1}};
  json.update(call);
  json["questions"] = questions_json(outcomes_[0], QuestionSet::test);
  Json paraphrased = questions_json(outcomes_[0], QuestionSet::paraphrase);
  if (!paraphrased.empty()) json["paraphrase_questions"] = std::move(paraphrased);
  json["models"] = Json::array();
  for (const Outcome& outcome : outcomes_) json["models"].push_back(outcome_json(outcome));
  json["pooled"] = pooled_ ? outcome_json(*pooled_) : Json(nullptr);
  return json;
}

FolderKind evaluation_folder() {
  return {"an evaluation",
          kResultsName,
          {kResultsName, kTableName, kPlotName},
          [](const fs::path& folder) {
            const Json results = read_json_file(folder / kResultsName, "results", kMostBytes);
            return JsonObject(results, "results").text_or("format", "") == kFormat;
          }};
}

void write_evaluation(const fs::path& out, const Evaluation& evaluation, const Json& call,
                      OnExisting on_existing) {
  Staged staged(out, evaluation_folder(), on_existing);
  write_new_file(staged.path() / kResultsName, indented(evaluation.json(call), 0) + "\n");
  std::string markdown;
  for (const Table& table : evaluation.tables()) {
    markdown += (markdown.empty() ? "" : "\n") + markdown_of(table);
  }
  write_new_file(staged.path() / kTableName, markdown);
  const std::string svg = behaviour_svg(evaluation.summary());
  if (!svg.empty()) write_new_file(staged.path() / kPlotName, svg);
  staged.commit();
  log_info(cat("written: ", out.string()));
}

}  // namespace dnd::eval
