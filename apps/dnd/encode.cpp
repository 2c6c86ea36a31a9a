// dnd encode: the condition tensor alone, to cache or inspect.
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "base/version.h"
#include "context.h"
#include "engine_loader.h"
#include "generate/condition_file.h"
#include "generate/prompt_encoder.h"
#include "progress.h"
#include "source_options.h"

namespace dnd::app {
namespace {

struct EncodeOptions {
  SourceOptions source;
  EngineOptions engine;
  std::filesystem::path out;
  std::string task;
  bool force = false;
};

const text::PromptTask& only_task(const text::PromptSet& set, const std::string& wanted) {
  for (const text::PromptTask& task : set.tasks) {
    if (task.name == wanted) return task;
  }
  if (wanted.empty() && set.tasks.size() == 1) return set.tasks[0];
  std::string names;
  for (const text::PromptTask& task : set.tasks) names += " " + task.name;
  fail(ErrorKind::usage, "encode: choose one task with --task:", names);
}

formats::Metadata metadata_of(const EncodeOptions& options, const generate::ChosenPrompts& chosen,
                              const generate::Generator& generator) {
  return {{"format", "pt"},
          {"dnd.version", version()},
          {"dnd.encoder", generator.config.condition.encoder},
          {"dnd.precision", options.engine.precision},
          {"dnd.prompts_sha256", chosen.sha256},
          {"dnd.selection", chosen.selection}};
}

void run_encode(const Context& context, const EncodeOptions& options) {
  const generate::Generator generator = generate::open_generator(options.source.model);
  const std::filesystem::path encoder = generate::find_encoder(generator, options.source.encoder);
  std::vector<std::filesystem::path> inputs = options.source.prompts;
  inputs.insert(inputs.end(), {generator.folder, encoder});
  check_output(options.out, generate::condition_file(), options.force, inputs);
  const text::PromptSet set = load_prompts(options.source);
  const generate::ChosenPrompts chosen = generate::choose_prompts(
      only_task(set, options.task), static_cast<std::size_t>(generator.config.condition.prompts),
      options.source.choice(0));
  Progress progress(context.quiet);
  progress.stage("encode");
  const auto engine = open_engine(options.engine);
  const HostTensor condition =
      generate::PromptEncoder(*engine, generator, encoder).encode(chosen.texts).values;
  generate::write_condition(options.out, condition, metadata_of(options, chosen, generator),
                            options.force ? OnExisting::replace : OnExisting::refuse);
  progress.clear();
  if (!context.json) return print_line(options.out.string());
  print_json({{"path", options.out.string()},
              {"shape", condition.shape},
              {"prompts_distinct", chosen.distinct},
              {"prompts_read", text::sources_json(set.sources)},
              {"prompts_sha256", chosen.sha256}});
}

}  // namespace

void add_encode(CLI::App& program, Context& context) {
  const auto options = std::make_shared<EncodeOptions>();
  CLI::App& command = add_command(
      program, context, "encode", "Prompts in, condition tensor (N, L, C) out",
      {{"dnd encode -m BUNDLE -p questions.jsonl -o condition.safetensors", ""},
       {"dnd generate -m BUNDLE --condition condition.safetensors -o out", "use it later"}},
      [&context, options] { run_encode(context, *options); });
  add_source_options(command, options->source);
  command.get_option("--prompts")->required();
  command.add_option("-o,--out", options->out, "The .safetensors file to write")->required();
  command.add_option("--task", options->task, "Which task, where records have several");
  command.add_flag("-f,--force", options->force, "Replace an existing file");
  add_engine_options(command, options->engine);
  command
      .add_option("--precision", options->engine.precision,
                  "fast (products with 16-bit integers) or exact (fp32)")
      ->check(CLI::IsMember({"fast", "exact"}))
      ->capture_default_str();
}

}  // namespace dnd::app
