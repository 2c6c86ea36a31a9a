// dnd eval: what a generator's adapters are worth, beside what simpler methods give.
#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "engine_loader.h"
#include "eval/evaluate.h"
#include "eval/evaluation.h"
#include "eval/selections.h"
#include "eval/session_generator.h"
#include "eval_options.h"
#include "eval_show.h"
#include "progress.h"
#include "source_options.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

const tasks::Task& task_to_show(const tasks::TaskSet& set, const std::string& name) {
  std::vector<std::string> names;
  for (const auto* list : {&set.held_out, &set.train}) {
    for (const tasks::Task& task : *list) {
      if (task.name == name && !task.test.empty()) return task;
      if (!task.test.empty()) names.push_back(task.name);
    }
  }
  const std::string near = nearest_word(name, names);
  fail(ErrorKind::usage, "--show ", printable(name), ": no task of this name with test questions",
       near.empty() ? "" : "; did you mean ", printable(near), near.empty() ? "" : "?");
}

// What was asked for, as results.json says it.
Json call_json(const EvalOptions& options, const std::string& base_quantization) {
  const eval::Settings& settings = options.settings;
  Json call = {{"tasks", options.tasks.string()},
               {"base", options.base.empty() ? Json(nullptr) : Json(options.base.string())}};
  if (!base_quantization.empty()) call["base_quantization"] = base_quantization;
  call["settings"] = {{"draws", settings.draws},
                      {"questions", settings.questions},
                      {"candidate_questions", settings.candidate_questions},
                      {"scorer", tasks::scorer_name(settings.scorer.kind)},
                      {"max_tokens", options.completion.max_tokens},
                      {"precision", options.engine.precision},
                      {"seed", settings.seed}};
  return call;
}

// The model that answers questions.
struct Base {
  formats::ModelPlace place;
  std::optional<chat::BaseChat> chat;
  std::unique_ptr<LanguageModel> model;
  std::optional<eval::Answers> answers;  // empty where weights alone are judged
};

class EvalRun {
 public:
  EvalRun(Context& context, EvalOptions options)
      : context_(context), options_(std::move(options)), progress_(context.quiet) {}

  void run() {
    open_inputs();
    open_base();
    if (!options_.show.empty()) return show();
    const eval::Evaluation evaluation(judge_all());
    progress_.clear();
    Json call = call_json(options_, base_.model ? base_.model->info().quantization : "");
    call["prompts_read"] = text::sources_json(inputs_.set.sources);
    if (base_.chat) call["settings"]["chat"] = base_.chat->record();
    if (!options_.out.empty()) {
      eval::write_evaluation(options_.out, evaluation, call,
                             options_.force ? OnExisting::replace : OnExisting::refuse);
    }
    if (context_.json) return print_json(evaluation.json(call));
    for (const eval::Table& table : evaluation.tables()) print_line(eval::text_of(table));
  }

 private:
  // All that can be wrong with the call and its files, before the engine is opened.
  void open_inputs() {
    if (!options_.show.empty() && options_.base.empty()) {
      fail(ErrorKind::usage, "--show needs --base: a model that answers");
    }
    if (options_.base.empty() && (options_.chat.mode != "auto" || options_.chat.system)) {
      fail(ErrorKind::usage, "--chat and --system need --base: a model that is asked");
    }
    options_.settings.scorer = tasks::scorer_of_name(options_.scorer);
    if (options_.models.empty()) options_.models.emplace_back();
    base_.place = base_place(options_.base);
    inputs_ = eval::open_generators(options_.models, options_.encoder);
    if (!options_.out.empty()) check_place_for_results();
    inputs_.set = tasks::read_task_set(options_.tasks);
    text::tell_sources(inputs_.set.sources);
    if (!options_.show.empty()) task_to_show(inputs_.set, options_.show);
    check_questions();
    eval::warn_about_prompts(inputs_);
    if (!options_.base.empty()) open_chat_of_base();
  }

  void open_chat_of_base() {
    base_.chat = open_chat(base_.place.path, options_.chat);
    if (!options_.show.empty()) {
      return eval::check_system_text(task_to_show(inputs_.set, options_.show), *base_.chat);
    }
    for (const tasks::Task& task : inputs_.set.held_out) {
      eval::check_system_text(task, *base_.chat);
    }
  }

  void check_place_for_results() const {
    std::vector<fs::path> files = {options_.tasks, base_.place.path, options_.encoder};
    for (const generate::Generator& generator : inputs_.generators)
      files.push_back(generator.folder);
    check_output(options_.out, eval::evaluation_folder(), options_.force, files);
  }

  void check_questions() const {
    const bool any = eval::has_questions(inputs_.set);
    if (options_.base.empty()) {
      if (any) log_info("no --base: weights are judged, behaviour is not");
    } else if (!any && options_.show.empty()) {
      fail(ErrorKind::data, options_.tasks.string(),
           ": no held-out task has test questions for --base to answer");
    }
  }

  void open_base() {
    progress_.stage("load");
    engine_ = open_engine(options_.engine);
    if (options_.base.empty()) return;
    base_.model = load_base(*engine_, base_.place.path, true);
    base_.answers.emplace(*base_.model, options_.completion, &*base_.chat);
  }

  const adapter::AdapterLayout& layout() const { return inputs_.generators[0].config.layout; }

  generate::Session open_session(std::size_t i) const {
    return {*engine_,
            inputs_.generators[i],
            inputs_.encoders[i],
            formats::SafetensorsFile(inputs_.generators[i].weights()),
            {.kept_bytes = generate::kSharedConditionBytes, .embeddings = true}};
  }

  std::vector<eval::Outcome> judge_all() {
    progress_.stage("read adapters");
    const eval::TrainingAdapters training(layout(), inputs_.set.train);
    std::string current;
    const auto report_progress = [&](const std::string& stage, double fraction) {
      if (stage != current) progress_.stage(stage);
      current = stage;
      progress_.update(fraction);
    };
    std::vector<eval::Outcome> outcomes;
    for (std::size_t i = 0; i < inputs_.generators.size(); ++i) {
      const generate::Generator& generator = inputs_.generators[i];
      generate::Session session = open_session(i);
      const std::string name =
          options_.models[i].empty() ? generator.folder.string() : options_.models[i];
      outcomes.push_back(eval::evaluate(
          inputs_.set, training, eval::judged_generator(session, generator, name),
          base_.answers ? &*base_.answers : nullptr, options_.settings, report_progress));
    }
    return outcomes;
  }

  void show() {
    const tasks::Task& task = task_to_show(inputs_.set, options_.show);
    generate::Session session = open_session(0);
    const eval::JudgedGenerator generator =
        eval::judged_generator(session, inputs_.generators[0], "");
    progress_.stage(cat("generate '", printable(task.name), "'"));
    const eval::Weights adapter = generator.generate(
        eval::draw_prompts(task.prompts, generator.prompts, options_.settings.seed, 0));
    const eval::Asking how = eval::asking_of(task, options_.settings.scorer);
    ShownTask shown{task.name, generator.prompts, how.scorer, {}, {}, {}};
    shown.questions = eval::first_questions(task.test, options_.limit);
    progress_.stage("answer");
    shown.base = base_.answers->ask(nullptr, shown.questions, how);
    shown.adapted = base_.answers->ask(adapter, shown.questions, how);
    progress_.clear();
    if (context_.json) return print_json(shown_json(shown));
    print_line(shown_text(shown));
  }

  Context& context_;
  EvalOptions options_;
  Progress progress_;
  eval::Inputs inputs_;
  std::unique_ptr<Engine> engine_;
  Base base_;  // goes before the engine
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
