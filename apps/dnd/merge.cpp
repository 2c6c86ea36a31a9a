// dnd merge: base + adapters -> plain checkpoint.
#include <algorithm>
#include <chrono>
#include <thread>

#include "adapter/peft_rule.h"
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "context.h"
#include "merge/adapter_argument.h"
#include "merge/merge_gguf.h"
#include "merge/merge_weights.h"
#include "merge/stored_copies.h"
#include "progress.h"
#include "source_options.h"
#include "verify/verify.h"

namespace dnd::app {
namespace {

struct MergeCall {
  std::vector<std::string> adapters;
  std::filesystem::path base;
  std::filesystem::path out;
  std::string dtype;  // of a GGUF's matrices; empty: as they are, blocks as f16
  int threads = 0;
  bool force = false;
};

// Two threads keep a disk busy; more help where it is faster than one thread computes.
int default_threads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 4);
}

void say_what_stays(const merge::BaseWeights& base) {
  if (base.left_out.empty()) return;
  log_info(cat("not copied from the base: ", joined(base.left_out, printable)));
}

// Throws Error(usage) for what does not go with the kind of base.
std::optional<Dtype> output_dtype(const merge::BaseWeights& base, const MergeCall& call) {
  if (base.gguf == nullptr) {
    if (call.dtype.empty()) return std::nullopt;
    fail(ErrorKind::usage, "merge: --dtype is for a GGUF base; others keep their types");
  }
  if (!formats::has_gguf_name(call.out)) {
    fail(ErrorKind::usage, "merge: a GGUF base gives a file: --out ", call.out.string(),
         ", expected a name that ends with .gguf");
  }
  return call.dtype.empty() ? std::nullopt : std::optional(parse_dtype(call.dtype));
}

void say_what_changes(const merge::BaseWeights& base, const MergeCall& call) {
  const std::string from = base.gguf == nullptr ? "" : base.gguf->weights().gguf()->quantization();
  if (from.empty()) return;
  log_info(cat("the base's weights of ", from, " are dequantised; the result has ",
               call.dtype.empty() ? "f16" : call.dtype, " (llama-quantize quantises again)"));
}

// Of a base that cannot be described nothing: the merge itself says better what is wrong with it.
std::optional<target::BaseModel> described(const std::filesystem::path& path) {
  try {
    return target::read_base_model(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    return std::nullopt;
  }
}

// What PEFT would apply to the base, and no more.
void keep_what_acts(std::vector<merge::WeightedAdapter>& adapters, const target::BaseModel& base) {
  for (merge::WeightedAdapter& each : adapters) {
    if (!each.adapter.peft) continue;
    const auto left_out = adapter::keep_what_acts(each.adapter, base, each.name);
    if (left_out.empty()) continue;
    log_warning(cat(each.name, ": ", left_out.size(),
                    " stored modules are not applied, as PEFT would not: '", printable(left_out[0]),
                    "' the first"));
  }
}

void run_merge(const Context& context, const MergeCall& call) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<merge::AdapterArgument> arguments;
  for (const std::string& text : call.adapters) {
    arguments.push_back(merge::parse_adapter_argument(text));
  }
  std::vector<std::filesystem::path> inputs = {call.base};
  for (const merge::AdapterArgument& argument : arguments) inputs.push_back(argument.path);
  check_apart(call.out, inputs);
  const merge::BaseWeights base = merge::open_base_weights(call.base);
  const std::optional<Dtype> dtype = output_dtype(base, call);
  base.gguf == nullptr ? check_output(call.out, merge::merged_folder(base), call.force, {})
                       : check_output(call.out, merge::gguf_model_file(), call.force, {});
  std::vector<merge::WeightedAdapter> adapters = merge::read_adapters(arguments, base.hints());
  for (const merge::WeightedAdapter& each : adapters) {
    verify::require_sound(each.adapter, nullptr, each.name);  // before anything is left out
  }
  const std::optional<target::BaseModel> model = described(call.base);
  if (model) keep_what_acts(adapters, *model);
  const std::vector<merge::MergeTarget> targets = merge::plan_merge(base, adapters);
  for (const merge::WeightedAdapter& each : adapters) {
    if (model) verify::require_sound(each.adapter, &*model, each.name);
  }
  merge::check_stored_copies(base, adapters);
  say_what_stays(base);
  say_what_changes(base, call);
  Progress progress(context.quiet || context.json);
  progress.stage(cat("merge ", targets.size(), " tensors, ", human_bytes(base.bytes())));
  merge::MergeOptions options;
  options.threads = call.threads > 0 ? call.threads : default_threads();
  options.on_existing = call.force ? OnExisting::replace : OnExisting::refuse;
  options.progress = [&](double share) { progress.update(share); };
  const merge::MergeResult result =
      base.gguf == nullptr ? merge::merge_weights(base, targets, call.out, options)
                           : merge::merge_gguf(base, targets, call.out, dtype, options);
  progress.clear();
  if (!context.json) return print_line(call.out.string());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
  print_json({{"path", call.out.string()},
              {"tensors_merged", result.tensors_merged},
              {"tensors_copied", result.tensors_copied},
              {"bytes", result.bytes},
              {"seconds", seconds.count()}});
}

}  // namespace

void add_merge(CLI::App& program, Context& context) {
  const auto call = std::make_shared<MergeCall>();
  CLI::App& command = add_command(
      program, context, "merge", "Base + adapters -> plain checkpoint, W + scale B A",
      {{"dnd merge ADAPTER --base Qwen2.5-7B-Instruct/ --out merged", ""},
       {"dnd merge A B:0.5 --base BASE --out merged", "the second with half its weight"},
       {"dnd merge ADAPTER --base base.Q4_K_M.gguf --out merged.gguf --dtype f16", ""}},
      [&context, call] {
        call->base = base_place(call->base).path;
        run_merge(context, *call);
      });
  command
      .add_option("adapters", call->adapters,
                  "Adapters, each with an optional weight after a colon (default 1)")
      ->required();
  command
      .add_option("-b,--base", call->base,
                  "The base: a folder with model.safetensors or shards, one file, or a .gguf")
      ->required();
  command.add_option("-o,--out", call->out, "Folder to make; of a GGUF base the .gguf file")
      ->required();
  command
      .add_option("--dtype", call->dtype,
                  "Type of a GGUF's matrices (default: as they are, quantised ones f16)")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}));
  command.add_option("--threads", call->threads, "Threads (default: 2 to 4, by processors)")
      ->check(CLI::Range(1, 256));
  command.add_flag("-f,--force", call->force, "Replace a checkpoint that is there");
}

}  // namespace dnd::app
