#include "generate_options.h"

#include <algorithm>

#include "adapter/files/format_table.h"
#include "base/strings.h"
#include "generate/estimate.h"

namespace dnd::app {

void check_combination(const GenerateOptions& options) {
  const auto refuse = [](const char* message) { fail(ErrorKind::usage, "generate: ", message); };
  if (options.source.prompts.empty() == options.condition.empty()) {
    refuse("needs either --prompts FILE... or --condition FILE (see dnd generate --help)");
  }
  if (options.force && options.resume) refuse("--force and --resume exclude each other");
  if (options.variants > 0 && !options.condition.empty()) {
    refuse("--variants draws prompts anew; a --condition is one adapter");
  }
  const auto& formats = options.formats;
  if (options.modelfile && std::find(formats.begin(), formats.end(), "gguf") == formats.end()) {
    refuse("--modelfile is for a GGUF adapter: --format gguf");
  }
}

void add_output_options(CLI::App& command, GenerateOptions& options) {
  command.add_option("-o,--out", options.out,
                     "Adapter folder, or folder of adapters where records have tasks\n"
                     "(default: adapters/<stem of the prompts file>)");
  command.add_option("--task", options.task, "Name of the whole input: one adapter in --out");
  command.add_option("--variants", options.variants, "K draws of prompts -> --out/v000, v001, ...")
      ->check(CLI::Range(1, 1000000));
  command.add_option("--condition", options.condition,
                     "Condition tensor (N, L, C) in a .safetensors file instead of prompts");
  command
      .add_option("--format", options.formats,
                  "Adapter formats: peft (at --out), gguf (at --out.gguf), mlx (at --out.mlx)")
      ->delimiter(',')
      ->check(CLI::IsMember(adapter::generated_format_names()))
      ->capture_default_str();
  command.add_option("-b,--base", options.base,
                     "Base model that the adapter is for: refused where the generator was made\n"
                     "for another; what --modelfile names");
  command.add_flag("--modelfile", options.modelfile,
                   "Write Ollama's Modelfile beside each GGUF: out.Modelfile");
  command
      .add_option("--adapter-dtype", options.adapter_dtype,
                  "Element type (default: bf16, for GGUF f32; q8_0 for GGUF only)")
      ->check(CLI::IsMember(adapter::element_types()));
  command.add_flag("-n,--dry-run", options.dry_run, "Say what would be done, and stop");
  command.add_flag("-f,--force", options.force, "Replace existing adapters");
  command.add_flag("--resume", options.resume,
                   "Go on with a call that was cut short; what other inputs made fails by itself");
  command.add_option("--shard", options.shard,
                     "Every N-th task: I/N (I from 0), or auto for job\n"
                     "arrays (SLURM_ARRAY_TASK_ID/COUNT or RANK/WORLD_SIZE)");
  command
      .add_option("--batch-size", options.batch_size,
                  cat("Tasks decoded at once (default: up to ", generate::kMostTasksAtOnce,
                      ", as 1 GB more memory allows);\n"
                      "more are faster, results are the same"))
      ->check(CLI::Range(1, 1024));
}

}  // namespace dnd::app
