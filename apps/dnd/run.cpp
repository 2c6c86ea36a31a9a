// dnd run: a question to a base model, with and without an adapter.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapter/peft_rule.h"
#include "base/line_batches.h"
#include "base/log.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "dnd/language_model.h"
#include "engine_loader.h"
#include "merge/adapter_argument.h"
#include "source_options.h"
#include "text/prompt_source.h"
#include "text/prompts.h"

namespace dnd::app {
namespace {

// Lines that are asked together: more gain little, and the first answer waits for all of them.
constexpr std::size_t kTogether = 32;

struct AskOptions {
  std::filesystem::path base;
  std::string adapter;
  chat::ChatOptions chat;
  CompletionOptions completion = {.max_tokens = 256, .stop = {}, .as_fits = true};
  int threads = 0;
  std::vector<std::string> text;
};

class AskRun {
 public:
  AskRun(const Context& context, const AskOptions& options)
      : context_(context), options_(options), chat_(open_chat(options.base, options.chat)) {}

  void run() {
    open();
    if (options_.text.empty() && ::isatty(STDIN_FILENO) != 0) return converse();
    if (options_.text.empty() || options_.text == std::vector<std::string>{"-"}) return each_line();
    std::string question;
    for (const std::string& word : options_.text) question += (question.empty() ? "" : " ") + word;
    answer(question, chat_.prompt_of(question));
  }

 private:
  void open() {
    EngineOptions engine;
    engine.device = "cpu";
    engine.threads = options_.threads;
    engine_ = open_engine(engine);
    model_ = load_base(*engine_, options_.base, true);
    model_->put_markers(!chat_.has_template());
    if (options_.adapter.empty()) return;
    const target::BaseModel base = target::read_base_model(options_.base);
    const merge::WeightedAdapter adapter =
        merge::read_adapters({merge::parse_adapter_argument(options_.adapter)},
                             adapter::hints_of(base))
            .at(0);
    adapter::LoraAdapter scaled = adapter.adapter;
    adapter::keep_what_acts(scaled, base, adapter.name);
    for (adapter::LoraPair& pair : scaled.pairs) pair.scale *= adapter.weight;
    model_->use_adapter(&scaled);
  }

  // The answer, which is printed while it comes (with --json: when it is whole).
  std::string answer(const std::string& question, const std::string& prompt) {
    std::string whole;
    model_->stream(prompt, options_.completion, [&](const std::string& text) {
      whole += text;
      if (!context_.json) print_text(text);
    });
    if (context_.json) {
      print_answer(question, whole);
    } else {
      print_line("");
    }
    return whole;
  }

  void print_answer(const std::string& question, const std::string& whole) const {
    if (context_.json) return print_json({{"prompt", question}, {"answer", whole}});
    print_line(whole);
  }

  // As many at a time as are there; one alone is printed while it comes.
  void each_line() {
    LineBatches lines(STDIN_FILENO);
    bool told = false;
    for (;;) {
      std::vector<std::string> questions = lines.next({.lines = kTogether});
      if (questions.empty() && !told) fail(ErrorKind::data, "run: standard input has no question");
      if (questions.empty()) return;
      std::erase_if(questions, [](const std::string& line) { return text::is_blank(line); });
      if (questions.empty()) continue;
      if (!std::exchange(told, true)) text::tell_plain_lines(questions.front());
      if (questions.size() > 1 && answer_together(questions)) continue;
      for (const std::string& question : questions) answer(question, chat_.prompt_of(question));
    }
  }

  // False, and nothing is printed, where one of them cannot be asked: by itself it is told why, after the
  // answers to those before it.
  bool answer_together(const std::vector<std::string>& questions) {
    std::vector<std::string> answers;
    try {
      std::vector<std::string> prompts;
      prompts.reserve(questions.size());
      for (const std::string& question : questions) prompts.push_back(chat_.prompt_of(question));
      answers = model_->complete(prompts, options_.completion);
    } catch (const Error& error) {
      log_debug(cat("one by one: ", error.what()));
      return false;
    }
    log_debug(cat(questions.size(), " questions in one go"));
    for (std::size_t i = 0; i < questions.size(); ++i) print_answer(questions[i], answers.at(i));
    return true;
  }

  // On a terminal: with a template the talk goes on, without one every line stands alone.
  void converse() {
    log_info("one question a line; an end of input (Ctrl-D) ends");
    std::vector<chat::Message> messages;
    std::cerr << "> " << std::flush;
    for (std::string line; std::getline(std::cin, line); std::cerr << "> " << std::flush) {
      if (trimmed(line).empty()) continue;
      messages.push_back({"user", line});
      const std::string prompt =
          chat_.has_template() ? chat_.prompt_of(messages) : chat_.prompt_of(line);
      messages.push_back({"assistant", answer(line, prompt)});
    }
  }

  const Context& context_;
  const AskOptions& options_;
  chat::BaseChat chat_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<LanguageModel> model_;  // goes before the engine
};

}  // namespace

void add_run(CLI::App& program, Context& context) {
  const auto options = std::make_shared<AskOptions>();
  CLI::App& command = add_command(
      program, context, "run", "Questions to a base model, with or without an adapter",
      {{"dnd run --base BASE \"What is the capital of France?\"", "the answer, as it comes"},
       {"dnd run --base BASE --adapter adapters/arc - < questions.txt", "a question a line"},
       {"dnd run --base BASE --adapter adapters/arc:0.5", "a talk, on a terminal"}},
      [&context, options] {
        options->base = base_place(options->base).path;
        AskRun(context, *options).run();
      });
  command
      .add_option("-b,--base", options->base,
                  "Base model: folder, .gguf or name in the hub's cache")
      ->required();
  command.add_option("-a,--adapter", options->adapter,
                     "Adapter, with an optional weight after a colon (default 1)");
  add_chat_options(command, options->chat);
  command
      .add_option("--max-tokens", options->completion.max_tokens,
                  "Longest answer, as far as the model's positions go")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--threads", options->threads, "Threads (default: all)")
      ->check(CLI::Range(1, 256));
  command.add_option("text", options->text,
                     "The question; - or nothing: standard input, a question a line");
}

}  // namespace dnd::app
