#include "verify_run.h"

#include "adapter/lora_output.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/staged.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "engine_loader.h"
#include "formats/weight_files.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPrompt = "The capital of France is";
constexpr const char* kQuestion = "What is the capital of France?";  // to a chat template
constexpr std::int64_t kUsualIds = 16;

// Any ids will do where there is no tokenizer; always the same.
std::vector<std::int32_t> usual_ids(std::int64_t vocabulary) {
  SplitMix64 random(0);
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < kUsualIds; ++i) {
    ids.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
  }
  return ids;
}

void write_logits(const fs::path& path, const HostTensor& base, const HostTensor& adapted) {
  Staged staged(path, own_file(), OnExisting::refuse);
  adapter::write_tensors(staged.path(),
                         {{"base", base.shape, [&] { return base.values; }},
                          {"adapted", adapted.shape, [&] { return adapted.values; }}},
                         Dtype::f32, {{"format", "pt"}});
  staged.commit();
}

// Three digits, for people.
std::string brief(double value) { return significant_digits(value, 3); }

Json change_json(const verify::LogitChange& change) {
  return {{"positions", change.positions},
          {"largest_change", change.largest},
          {"relative_change", change.relative},
          {"kl_nats", change.kl},
          {"other_choices", change.other_choices},
          {"base_not_finite", change.base_not_finite},
          {"adapted_not_finite", change.adapted_not_finite}};
}

}  // namespace

void add_run_options(CLI::App& command, RunOptions& options) {
  CLI::Option* run = command.add_flag("--run", options.run,
                                      "Run the base (a folder with weights, or a GGUF) without and "
                                      "with the adapter and compare the\n"
                                      "logits; answers too, where it has a tokenizer");
  command.add_option("--prompt", options.prompt, "The text to run")->needs(run);
  command
      .add_option("--answer", options.answer, "Compare the log-probability of this continuation")
      ->needs(run);
  add_chat_options(command, options.chat);
  for (const char* name : {"--chat", "--system"}) command.get_option(name)->needs(run);
  command.add_option("--ids", options.ids, "Token ids to run instead of a text, e.g. 1,15,8")
      ->delimiter(',')
      ->excludes("--prompt")
      ->excludes("--answer")
      ->excludes("--chat")
      ->excludes("--system")
      ->needs(run);
  command.add_option("--max-tokens", options.max_tokens, "Length of the answers (default 16)")
      ->needs(run);
  command
      .add_option("--logits-out", options.logits_out, "Write both logits to this .safetensors file")
      ->needs(run);
  command.add_option("--threads", options.threads, "Threads (default: all)")->needs(run);
}

AdapterRun::AdapterRun(const fs::path& base, const RunOptions& options) : options_(options) {
  if (!is_folder(base) && !formats::has_gguf_name(base)) {
    fail(ErrorKind::usage,
         "verify: --run needs --base with the folder of a model and its weights, or a .gguf");
  }
  EngineOptions engine;
  engine.device = "cpu";
  engine.threads = options.threads;
  engine_ = open_engine(engine);
  model_ = load_base(*engine_, base, !options_.prompt.empty());
  choose_input(base);
  base_ = listen();
}

// The ids given, the prompt as the base is asked, or any ids where there is no tokenizer.
void AdapterRun::choose_input(const fs::path& base) {
  if (!options_.ids.empty()) {
    ids_ = options_.ids;
    return;
  }
  const std::string problem = model_->info().tokenizer_problem;
  if (!problem.empty()) {
    if (options_.chat.mode != "auto" || options_.chat.system) fail(ErrorKind::data, problem);
    log_warning(cat(problem, "; ids are run"));
    ids_ = usual_ids(model_->info().vocabulary);
    return;
  }
  const chat::BaseChat chat = open_chat(base, options_.chat);
  if (options_.prompt.empty()) options_.prompt = chat.has_template() ? kQuestion : kPrompt;
  text_ = chat.prompt_of(options_.prompt);
  model_->put_markers(!chat.has_template());
  ids_ = model_->tokenize(text_);
}

AdapterRun::Words AdapterRun::listen() {
  Words words;
  words.logits = model_->logits(ids_);
  if (text_.empty()) return words;
  words.answer = model_->complete({text_}, {options_.max_tokens}).at(0);
  if (!options_.answer.empty()) words.score = model_->score({{text_, options_.answer}}).at(0);
  return words;
}

void AdapterRun::compare_words(const Words& adapted, RunReport& report) const {
  const auto quoted = [](const std::string& text) { return cat("'", printable(text), "'"); };
  report.json["prompt"] = options_.prompt;
  report.json["base_answer"] = base_.answer;
  report.json["adapted_answer"] = adapted.answer;
  report.lines.push_back(cat("to ", quoted(options_.prompt), " the base says ",
                             quoted(base_.answer), ", with the adapter ", quoted(adapted.answer)));
  if (options_.answer.empty()) return;
  report.json["answer"] = options_.answer;
  report.json["base_log_probability"] = base_.score;
  report.json["adapted_log_probability"] = adapted.score;
  report.lines.push_back(cat("log-probability of ", quoted(options_.answer), ": ",
                             brief(base_.score), ", with the adapter ", brief(adapted.score)));
}

RunReport AdapterRun::run(const adapter::LoraAdapter& adapter) {
  RunReport report;
  Words adapted;
  try {
    model_->use_adapter(&adapter);
    adapted = listen();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    report.findings = {{verify::Severity::error, "run", error.what()}};
    return report;
  }
  const verify::LogitChange change = verify::compare_logits(base_.logits, adapted.logits);
  report.findings = verify::judge(change);
  report.json = change_json(change);
  report.json["ids"] = ids_;
  const std::string quantization = model_->info().quantization;
  if (!quantization.empty()) report.json["base_quantization"] = quantization;
  report.lines.push_back(cat("logits of ", change.positions, " positions change by up to ",
                             brief(change.largest), " (", brief(100.0 * change.relative),
                             " % of the largest), KL ", brief(change.kl), " nats; ",
                             change.other_choices, " of them choose another token"));
  if (!text_.empty()) compare_words(adapted, report);
  if (!options_.logits_out.empty()) write_logits(options_.logits_out, base_.logits, adapted.logits);
  return report;
}

}  // namespace dnd::app
