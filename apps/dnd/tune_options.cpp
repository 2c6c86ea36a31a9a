#include "tune_options.h"

#include <optional>

#include "ask_options.h"
#include "base/strings.h"
#include "chat_options.h"
#include "source_options.h"

namespace dnd::app {
namespace {

tuning::JointRule joint_rule_of(const std::string& text) {
  const auto [steps, batch] = steps_and_batch("--joint", text);
  return {steps, batch};
}

TuneSchedule schedule_of(const std::string& name) {
  if (name == "linear") return TuneSchedule::linear;
  return name == "constant" ? TuneSchedule::constant : TuneSchedule::cosine;
}

void add_inputs(CLI::App& command, TuneOptions& options) {
  tuning::Request& request = options.request;
  command
      .add_option("-b,--base", request.base, "Base model: folder, .gguf or name in the hub's cache")
      ->required();
  command
      .add_option("-t,--tasks", request.tasks,
                  "tasks.json whose tasks have `answers`; or questions with answers (.jsonl\n"
                  ".csv .json): one task")
      ->required();
  command.add_option("-o,--out", request.out, "Folder to make: adapters, tasks.json, state")
      ->required();
  command.add_option("--part", request.part, "Which list of tasks.json")->capture_default_str();
  add_ask_option(command, options.ask);
  add_chat_options(command, options.chat);
  command
      .add_option("--distill", options.distill,
                  "Without answers: each task's `context` before its prompts teaches; hard: by\n"
                  "the base's answers, soft: by what it thought of every token, too")
      ->check(CLI::IsMember({"hard", "soft"}));
  command
      .add_option("--max-tokens", options.max_tokens, "Longest answer of the teacher (default 32)")
      ->check(CLI::Range(1, 4096));
}

void add_adapter(CLI::App& command, TuneOptions& options) {
  tuning::Request& request = options.request;
  command.add_option("-r,--rank", options.rank, "LoRA rank (default 8)")
      ->check(CLI::Range(1, 4096));
  command.add_option("--alpha", request.alpha, "LoRA alpha (default: twice the rank)")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--targets", request.targets.targets,
                  "Modules, as in dnd layout (default: all linear layers of the blocks)")
      ->delimiter(',');
  add_layers_option(command, request.targets);
  command.add_option("--name", request.base_name,
                     "Hub id or path of the base, for adapter_config.json (default: its own)");
  command.add_option("--from", request.from,
                     "Adapter to begin with (default: A by the seed, B = 0)");
  command.add_option("--joint", options.joint,
                     "STEPSxBATCH: first one adapter on all tasks, from which each then starts");
  command.add_flag("--joint-only", request.joint_only, "Stop there");
}

void add_rule(CLI::App& command, TuneOptions& options) {
  TuneRule& rule = options.request.rule;
  command.add_option("--steps", rule.steps, "Steps of each task")
      ->check(CLI::Range(std::int64_t{1}, kMostSteps))
      ->capture_default_str();
  command.add_option("--batch", rule.batch, "Questions of each task a step")
      ->check(CLI::Range(std::int64_t{1}, kMostTogether))
      ->capture_default_str();
  command.add_option("--learning-rate", rule.learning_rate, "Of AdamW, at its highest")
      ->check(CLI::Range(1e-12, 10.0))
      ->capture_default_str();
  command.add_option("--schedule", options.schedule, "How it falls after the first steps")
      ->check(CLI::IsMember({"cosine", "linear", "constant"}))
      ->capture_default_str();
  command
      .add_option("--validation", options.request.validation,
                  "Share of each task's questions that is left out, for early stopping and the\n"
                  "report")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  command
      .add_option("--keep", options.keep, "Checkpoints of each task along the way, the best last")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      .add_option("--seed", rule.seed,
                  "Seed of A, of what is left out and of all draws (default 0)")
      ->check(seed_check());
}

void refuse_contradictions(const TuneOptions& options) {
  const tuning::Request& request = options.request;
  if (request.joint_only && options.joint.empty()) {
    fail(ErrorKind::usage, "--joint-only: needs --joint STEPSxBATCH");
  }
  const bool shaped =
      options.rank || request.alpha || !request.targets.targets.empty() || request.targets.layers;
  if (!request.from.empty() && shaped) {
    fail(
        ErrorKind::usage,
        "--from: the adapter has its rank, alpha and modules; leave --rank, --alpha, --targets and "
        "--layers out");
  }
  if (options.distill.empty() && options.max_tokens) {
    fail(ErrorKind::usage, "--max-tokens: is the teacher's, of --distill");
  }
  if (!options.distill.empty() && options.ask == "bare") {
    fail(ErrorKind::usage, "--ask bare: --distill asks a task's prompts");
  }
}

}  // namespace

void add_tune_options(CLI::App& command, TuneOptions& options) {
  add_inputs(command, options);
  add_adapter(command, options);
  add_rule(command, options);
  command.add_flag("--resume", options.request.resume, "Go on with what is in --out, bit for bit");
  command.add_flag("--dry-run", options.dry_run,
                   "Read everything, learn one step, say what all would cost");
  command.add_option("--threads", options.threads, "Threads (default: all)")
      ->check(CLI::Range(1, 256));
}

tuning::Request request_of(const TuneOptions& options) {
  refuse_contradictions(options);
  tuning::Request request = options.request;
  if (!options.joint.empty()) request.joint = joint_rule_of(options.joint);
  request.rank = options.rank.value_or(request.rank);
  request.teacher_tokens = options.max_tokens.value_or(request.teacher_tokens);
  request.ask = ask_of(options.ask);
  if (options.distill == "hard") request.distill = tuning::Distill::hard;
  if (options.distill == "soft") request.distill = tuning::Distill::soft;
  TuneRule& rule = request.rule;
  rule.schedule = schedule_of(options.schedule);
  tuning::complete(rule, options.keep);
  return request;
}

}  // namespace dnd::app
