#include "eval_options.h"

#include "ask_options.h"
#include "chat_options.h"
#include "source_options.h"

namespace dnd::app {
namespace {

void add_inputs(CLI::App& command, EvalOptions& options) {
  command.add_option(
      "-m,--model", options.models,
      "Generator bundle, or its name; several (seeds) are judged one by one and pooled\n"
      "(default: $DND_MODEL, else the installed default)");
  command.add_option("-t,--tasks", options.tasks, "Task set: tasks.json")->required();
  command.add_option("--part", options.part, "Which list of tasks.json is judged")
      ->capture_default_str();
  command.add_option(
      "-b,--base", options.base,
      "Base model, a folder or .gguf: answers the questions (default: weights alone)");
  command.add_option("--encoder", options.encoder,
                     "Text encoder folder, or GloVe file (default: found by name)");
}

// What the generator is held against.
void add_alternatives(CLI::App& command, EvalOptions& options) {
  command.add_option(
      "--joint", options.joint,
      "One adapter for all tasks, to be judged beside the generator (default: what a\n"
      "residual bundle adds to)");
  command.add_option("--tune-own", options.tune_own,
                     "STEPSxBATCH: learn an adapter from each task's `answers` here, as dnd tune\n"
                     "does, and judge it too");
  command
      .add_option("--examples", options.settings.examples,
                  "Ask the base also with the first K of the task's `answers` before the question\n"
                  "(default 0: not)")
      ->check(CLI::Range(0, 1000));
}

void add_settings(CLI::App& command, EvalOptions& options) {
  eval::Settings& settings = options.settings;
  command.add_option("--draws", settings.draws, "Draws of prompts for every task")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--questions", settings.questions,
                     "Ask the first N questions of every task (default 0: all)");
  command
      .add_option("--candidate-questions", settings.candidate_questions,
                  "The same where the best single training adapter is looked for")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command.add_option("--max-tokens", options.completion.max_tokens, "Longest answer")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command
      .add_option("--scorer", options.scorer,
                  "How answers are judged where a task names no scorer (docs/training.md)")
      ->check(CLI::IsMember(tasks::plain_scorer_names()))
      ->capture_default_str();
  command.add_option("--seed", settings.seed, "Seed of draws and controls (default 0)")
      ->check(seed_check());
}

}  // namespace

void add_eval_options(CLI::App& command, EvalOptions& options) {
  add_inputs(command, options);
  add_alternatives(command, options);
  add_settings(command, options);
  add_ask_option(command, options.ask);
  add_chat_options(command, options.chat);
  command.add_option("-o,--out", options.out, "Folder for results.json, table.md and results.svg");
  command.add_flag("--force", options.force, "Replace an earlier evaluation at --out");
  command.add_option("--show", options.show,
                     "Instead of the evaluation: this task's first questions, answered by the\n"
                     "base and by the base with an adapter made from the task's prompts");
  command.add_option("--limit", options.limit, "How many questions --show asks")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  add_engine_options(command, options.engine);
  add_precision_option(command, options.engine);
}

}  // namespace dnd::app
