// dnd eval: what a generator's adapters are worth, beside what simpler methods give.
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "context.h"
#include "engine_loader.h"
#include "eval/evaluate.h"
#include "eval/plot.h"
#include "eval/report.h"
#include "eval/session_generator.h"
#include "eval_options.h"
#include "eval_show.h"
#include "progress.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kResultsName = "results.json";
constexpr const char* kTableName = "table.md";
constexpr const char* kPlotName = "results.svg";

FolderKind evaluation_folder() {
  return {"an evaluation",
          kResultsName,
          {kResultsName, kTableName, kPlotName},
          [](const fs::path& folder) {
            const Json results = read_json_file(folder / kResultsName, "results");
            return JsonObject(results, "results").text_or("format", "") == "dnd-eval";
          }};
}

class EvalRun {
 public:
  EvalRun(Context& context, EvalOptions options)
      : context_(context), options_(std::move(options)), progress_(context.quiet) {}

  void run() {
    open_inputs();
    open_base();
    if (!options_.show.empty()) return show();
    judge_all();
    write_outputs();
    print();
  }

 private:
  // All that can be wrong with the call and its files, before the engine is opened.
  void open_inputs() {
    if (!options_.show.empty() && options_.base.empty()) {
      fail(ErrorKind::usage, "--show needs --base: a model that answers");
    }
    if (options_.models.empty()) options_.models.emplace_back();
    for (const std::string& model : options_.models)
      generators_.push_back(generate::open_generator(model));
    if (!options_.out.empty()) check_place_for_results();
    for (const generate::Generator& generator : generators_) {
      encoders_.push_back(generate::find_encoder(generator, options_.encoder));
      check_same_layout(generator);
    }
    set_ = tasks::read_task_set(options_.tasks);
    if (!options_.show.empty()) task_to_show();
    check_questions();
    warn_about_prompts();
  }

  void check_place_for_results() const {
    std::vector<fs::path> inputs = {options_.tasks, options_.base, options_.encoder};
    for (const generate::Generator& generator : generators_) inputs.push_back(generator.folder);
    check_output(options_.out, evaluation_folder(), options_.force, inputs);
  }

  void check_same_layout(const generate::Generator& generator) const {
    const Json first = adapter::layout_to_json(generators_[0].config.layout);
    if (adapter::layout_to_json(generator.config.layout) == first) return;
    fail(ErrorKind::data, generator.folder.string(), ": another layout than ",
         generators_[0].folder.string(), ": they cannot be judged together");
  }

  void check_questions() const {
    bool any = false;
    for (const tasks::Task& task : set_.held_out) any = any || !task.test.empty();
    if (options_.base.empty()) {
      if (any) log_info("no --base: weights are judged, behaviour is not");
    } else if (!any && options_.show.empty()) {
      fail(ErrorKind::data, options_.tasks.string(),
           ": no held-out task has test questions for --base to answer");
    }
  }

  void warn_about_prompts() const {
    const auto needed = static_cast<std::size_t>(generators_[0].config.condition.prompts);
    for (const tasks::Task& task : set_.held_out) {
      const std::set<std::string> distinct(task.prompts.begin(), task.prompts.end());
      if (distinct.size() >= needed) continue;
      log_warning(cat("task '", printable(task.name), "': ", distinct.size(),
                      " distinct prompts for a generator that takes ", needed));
    }
  }

  void open_base() {
    progress_.stage("load");
    engine_ = open_engine(options_.engine);
    if (options_.base.empty()) return;
    language_model_ = engine_->load_language_model(options_.base.string());
    if (!language_model_->info().has_tokenizer) {
      fail(ErrorKind::data, options_.base.string(),
           ": has no tokenizer.model: questions cannot be asked");
    }
    answers_.emplace(*language_model_, generators_[0].config.layout, options_.completion);
  }

  generate::Session open_session(std::size_t i) const {
    constexpr std::size_t kKeptConditions = std::size_t{256} << 20U;
    return {*engine_,
            generators_[i],
            encoders_[i],
            formats::SafetensorsFile(generators_[i].weights()),
            {.kept_bytes = kKeptConditions, .embeddings = true}};
  }

  void judge_all() {
    progress_.stage("read adapters");
    const eval::TrainingAdapters training(generators_[0].config.layout, set_.train);
    for (std::size_t i = 0; i < generators_.size(); ++i) {
      generate::Session session = open_session(i);
      const std::string name =
          options_.models[i].empty() ? generators_[i].folder.string() : options_.models[i];
      outcomes_.push_back(eval::evaluate(
          set_, training, eval::generator_of(session, generators_[i], name),
          answers_ ? &*answers_ : nullptr, options_.settings,
          [this](const std::string& stage, double fraction) { report_progress(stage, fraction); }));
    }
    if (outcomes_.size() > 1) pooled_ = eval::pool(outcomes_);
    progress_.clear();
  }

  void report_progress(const std::string& stage, double fraction) {
    if (stage != stage_) progress_.stage(stage);
    stage_ = stage;
    progress_.update(fraction);
  }

  // What the tables and the plot show: the pooled outcome where there are several.
  const eval::Outcome& summary() const { return pooled_ ? *pooled_ : outcomes_[0]; }

  Json results() const {
    Json models = Json::array();
    for (const eval::Outcome& outcome : outcomes_) models.push_back(eval::outcome_json(outcome));
    const eval::Settings& settings = options_.settings;
    return {{"format", "dnd-eval"},
            {"version", 1},
            {"tasks", options_.tasks.string()},
            {"base", options_.base.empty() ? Json(nullptr) : Json(options_.base.string())},
            {"settings",
             {{"draws", settings.draws},
              {"questions", settings.questions},
              {"candidate_questions", settings.candidate_questions},
              {"max_tokens", options_.completion.max_tokens},
              {"precision", options_.engine.precision},
              {"seed", settings.seed}}},
            {"models", models},
            {"pooled", pooled_ ? eval::outcome_json(*pooled_) : Json(nullptr)}};
  }

  // Pooled tables first, then each model's.
  std::vector<eval::Table> tables() const {
    std::vector<eval::Table> tables;
    const auto add = [&](const eval::Outcome& outcome) {
      if (!outcome.behaviour.empty()) {
        tables.push_back(eval::behaviour_table(outcome));
        tables.push_back(eval::lead_table(outcome));
      }
      tables.push_back(eval::weights_table(outcome));
    };
    if (pooled_) add(*pooled_);
    for (const eval::Outcome& outcome : outcomes_) add(outcome);
    return tables;
  }

  void write_outputs() const {
    if (options_.out.empty()) return;
    Staged staged(options_.out, evaluation_folder(),
                  options_.force ? OnExisting::replace : OnExisting::refuse);
    write_new_file(staged.path() / kResultsName, json_pretty(results()) + "\n");
    std::string markdown;
    for (const eval::Table& table : tables()) {
      markdown += (markdown.empty() ? "" : "\n") + eval::markdown_of(table);
    }
    write_new_file(staged.path() / kTableName, markdown);
    const std::string svg = eval::behaviour_svg(summary());
    if (!svg.empty()) write_new_file(staged.path() / kPlotName, svg);
    staged.commit();
    log_info(cat("written: ", options_.out.string()));
  }

  void print() const {
    if (context_.json) return print_json(results());
    for (const eval::Table& table : tables()) print_line(eval::text_of(table));
  }

  const tasks::Task& task_to_show() const {
    std::vector<std::string> names;
    for (const auto* list : {&set_.held_out, &set_.train}) {
      for (const tasks::Task& task : *list) {
        if (task.name == options_.show && !task.test.empty()) return task;
        if (!task.test.empty()) names.push_back(task.name);
      }
    }
    const std::string near = nearest_word(options_.show, names);
    fail(ErrorKind::usage, "--show ", printable(options_.show),
         ": no task of this name with test questions", near.empty() ? "" : "; did you mean ",
         printable(near), near.empty() ? "" : "?");
  }

  void show() {
    const tasks::Task& task = task_to_show();
    generate::Session session = open_session(0);
    const eval::Generator generator = eval::generator_of(session, generators_[0], "");
    progress_.stage(cat("generate '", printable(task.name), "'"));
    const eval::Weights adapter = generator.generate(
        eval::draw_prompts(task.prompts, generator.prompts, options_.settings.seed, 0));
    ShownTask shown{task.name, generator.prompts, {}, {}, {}};
    shown.questions = eval::first_questions(task.test, options_.limit);
    progress_.stage("answer");
    shown.base = answers_->ask(nullptr, shown.questions);
    shown.adapted = answers_->ask(adapter, shown.questions);
    progress_.clear();
    if (context_.json) return print_json(shown_json(shown));
    print_line(shown_text(shown));
  }

  Context& context_;
  EvalOptions options_;
  Progress progress_;
  std::string stage_;
  std::vector<generate::Generator> generators_;
  std::vector<fs::path> encoders_;
  tasks::TaskSet set_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LanguageModel> language_model_;
  std::optional<eval::Answers> answers_;
  std::vector<eval::Outcome> outcomes_;
  std::optional<eval::Outcome> pooled_;
};

}  // namespace

void add_eval(CLI::App& program, Context& context) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App& command = add_command(
      program, context, "eval", "What is a generator worth on tasks it has not seen?",
      {{"dnd eval --tasks tasks.json", "what weights tell"},
       {"dnd eval -m BUNDLE -t tasks.json --base BASE --out results", "and what the base answers"},
       {"dnd eval -m SEED1 -m SEED2 -t tasks.json -b BASE", "several generators, pooled"},
       {"dnd eval -t tasks.json -b BASE --show golf.letter --limit 3", "see for yourself"}},
      [&context, options] { EvalRun(context, *options).run(); });
  add_eval_options(command, *options);
}

}  // namespace dnd::app
