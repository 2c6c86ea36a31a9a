// dnd eval: what a generator's adapters are worth, beside what simpler methods give.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "ask_options.h"
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "engine_loader.h"
#include "eval/alternatives.h"
#include "eval/evaluate.h"
#include "eval/evaluation.h"
#include "eval/selections.h"
#include "eval/session_generator.h"
#include "eval_options.h"
#include "eval_show.h"
#include "progress.h"
#include "source_options.h"
#include "target/base_model.h"

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

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// What was asked for, as results.json says it.
Json call_json(const EvalOptions& options, const std::string& base_quantization) {
  const eval::Settings& settings = options.settings;
  Json call = {{"tasks", options.tasks.string()}, {"base", text_or_null(options.base.string())}};
  if (!base_quantization.empty()) call["base_quantization"] = base_quantization;
  call["settings"] = {{"part", options.part},
                      {"draws", settings.draws},
                      {"questions", settings.questions},
                      {"candidate_questions", settings.candidate_questions},
                      {"scorer", tasks::scorer_name(settings.scorer.kind)},
                      {"ask", options.ask},
                      {"examples", settings.examples},
                      {"joint", text_or_null(options.joint.string())},
                      {"tune_own", text_or_null(options.tune_own)},
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
    if (options_.base.empty()) refuse_questions();
    take_settings();
    if (options_.models.empty()) options_.models.emplace_back();
    base_.place = base_place(options_.base);
    inputs_ = eval::open_generators(options_.models, options_.encoder);
    if (!options_.out.empty()) check_place_for_results();
    open_joint();
    inputs_.set = tasks::read_judged_set(options_.tasks, options_.part);
    text::tell_sources(inputs_.set.sources);
    if (!options_.show.empty()) task_to_show(inputs_.set, options_.show);
    check_questions();
    eval::warn_about_prompts(inputs_);
    eval::warn_about_examples(inputs_, options_.settings.examples);
    if (!options_.base.empty()) open_chat_of_base();
  }

  void refuse_questions() const {
    if (options_.chat.mode != "auto" || options_.chat.system) {
      fail(ErrorKind::usage, "--chat and --system need --base: a model that is asked");
    }
    if (options_.ask == "bare" || options_.settings.examples > 0 || !options_.tune_own.empty()) {
      fail(ErrorKind::usage,
           "--ask bare, --examples and --tune-own need --base: a model that is asked and learns");
    }
  }

  void take_settings() {
    eval::Settings& settings = options_.settings;
    settings.scorer = tasks::scorer_of_name(options_.scorer);
    settings.ask = ask_of(options_.ask);
    if (options_.tune_own.empty()) return;
    const auto [steps, batch] = steps_and_batch("--tune-own", options_.tune_own);
    own_tuning_ = eval::OwnTuning{steps, batch, settings.seed, settings.ask};
  }

  void open_joint() {
    if (options_.joint.empty()) return;
    const adapter::BaseHints hints =
        base_.place.path.empty() ? adapter::hints_of(layout())
                                 : adapter::hints_of(target::read_base_model(base_.place.path));
    joint_ = eval::read_joint(options_.joint, hints, layout());
    if (!joint_.in_layout && options_.base.empty()) {
      fail(ErrorKind::data, options_.joint.string(),
           ": not of the generator's layout: without --base there is nothing to judge it by");
    }
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
    std::vector<fs::path> files = {options_.tasks, base_.place.path, options_.encoder,
                                   options_.joint};
    for (const generate::Generator& generator : inputs_.generators)
      files.push_back(generator.folder);
    check_output(options_.out, eval::evaluation_folder(), options_.force, files);
  }

  void check_questions() const {
    const bool any = eval::has_questions(inputs_.set);
    if (options_.base.empty()) {
      if (any) log_info("no --base: weights are judged, behaviour is not");
      return;
    }
    if (!options_.show.empty()) return;
    const auto refuse = [&](const char* what) {
      fail(ErrorKind::data, options_.tasks.string(), ": no task of the part '",
           printable(options_.part), "' has ", what);
    };
    if (!any) refuse("test questions for --base to answer");
    const bool learns = own_tuning_.has_value() || options_.settings.examples > 0;
    if (learns && !eval::has_answers(inputs_.set)) refuse("'answers' for --tune-own or --examples");
    eval::check_asked(inputs_.set, options_.settings.ask, learns);
  }

  void open_base() {
    progress_.stage("load");
    engine_ = open_engine(options_.engine);
    if (options_.base.empty()) return;
    base_.model = load_base(*engine_, base_.place.path, true);
    if (joint_.adapter) base_.model->use_adapter(joint_.adapter.get());  // whether it fits
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

  // Bundles to be pooled are judged by the same rows: by their means where all of them have one.
  eval::JointAdapter joint_of(const generate::Generator& generator) const {
    if (joint_.adapter) return joint_;
    const auto is_residual = [](const generate::Generator& each) { return each.config.residual; };
    const auto& all = inputs_.generators;
    if (!std::all_of(all.begin(), all.end(), is_residual)) return {};
    return eval::mean_of_bundle(generator);
  }

  eval::Alternatives alternatives_of(const generate::Generator& generator) {
    eval::JointAdapter joint = joint_of(generator);
    if (own_tuning_ && (tuned_.empty() || joint.adapter != joint_.adapter)) {
      progress_.stage("learn own adapters");
      tuned_ =
          eval::tune_own(inputs_.set.held_out, *own_tuning_, joint.adapter, layout(), *base_.model,
                         *base_.chat, [&](double share) { progress_.update(share); });
    }
    return {std::move(joint.adapter), joint.in_layout, tuned_};
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
      eval::JudgedGenerator judged = eval::judged_generator(session, generator, name);
      judged.beside = alternatives_of(generator);
      outcomes.push_back(eval::evaluate(inputs_.set, training, judged,
                                        base_.answers ? &*base_.answers : nullptr,
                                        options_.settings, report_progress));
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
    const eval::Asking how = eval::asking_of(task, options_.settings.scorer, options_.settings.ask);
    ShownTask shown{task.name, generator.prompts, how.scorer, {}, {}, {}};
    shown.questions = eval::first_questions(task.test, options_.limit);
    progress_.stage("answer");
    shown.base = base_.answers->ask(nullptr, shown.questions, how);
    shown.adapted = base_.answers->ask(adapter, shown.questions, how);
    for (tasks::Question& question : shown.questions)
      question.prompt = tasks::asked(question, how.ask);
    progress_.clear();
    if (context_.json) return print_json(shown_json(shown));
    print_line(shown_text(shown));
  }

  Context& context_;
  EvalOptions options_;
  Progress progress_;
  eval::Inputs inputs_;
  eval::JointAdapter joint_;  // that was given
  std::optional<eval::OwnTuning> own_tuning_;
  std::vector<eval::Weights> tuned_;  // beside the generator at hand
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
       {"dnd eval -m BUNDLE -t tasks.json -b BASE --ask bare --examples 5 --tune-own 20x8",
        "beside instruction, examples, and adapters learned here"},
       {"dnd eval -t tasks.json -b BASE --show golf.letter --limit 3", "see for yourself"}},
      [&context, options] { EvalRun(context, *options).run(); });
  add_eval_options(command, *options);
}

}  // namespace dnd::app
