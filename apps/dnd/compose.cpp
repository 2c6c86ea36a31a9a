// dnd compose: adapters -> one adapter.
#include "merge/compose.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "adapter/peft.h"
#include "base/dtype.h"
#include "base/log.h"
#include "base/staged.h"
#include "base/strings.h"
#include "context.h"
#include "merge/adapter_argument.h"
#include "source_options.h"
#include "target/base_model.h"
#include "verify/verify.h"

namespace dnd::app {
namespace {

struct ComposeCall {
  std::vector<std::string> adapters;
  std::vector<double> weights;
  std::string method = "concat";
  std::filesystem::path base;
  std::filesystem::path out;
  std::int64_t rank = 0;
  std::string dtype = "f32";
  bool force = false;
};

std::vector<merge::AdapterArgument> arguments_of(const ComposeCall& call) {
  std::vector<merge::AdapterArgument> arguments;
  for (const std::string& text : call.adapters) {
    arguments.push_back(merge::parse_adapter_argument(text));
  }
  if (call.weights.empty()) return arguments;
  if (call.weights.size() != arguments.size()) {
    fail(ErrorKind::usage, "compose: ", call.weights.size(), " weights for ", arguments.size(),
         " adapters");
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].path != call.adapters[i]) {
      fail(ErrorKind::usage, "compose: adapter '", printable(call.adapters[i]),
           "' has a weight of its own beside --weights");
    }
    if (!std::isfinite(call.weights[i])) fail(ErrorKind::usage, "compose: a weight is not finite");
    arguments[i].weight = call.weights[i];
  }
  return arguments;
}

void warn_of_two_bases(const std::vector<merge::WeightedAdapter>& adapters) {
  for (const merge::WeightedAdapter& other : adapters) {
    const std::string& first = adapters[0].adapter.base_model;
    const std::string& base = other.adapter.base_model;
    if (first.empty() || base.empty() || first == base) continue;
    log_warning(cat(other.name, ": made for ", printable(base), ", ", adapters[0].name, " for ",
                    printable(first)));
  }
}

std::string percent(double share) { return cat(std::round(share * 1e5) / 1e3, " %"); }

// How many modules are named that lose the most; all of them are in --json, and said under --verbose.
constexpr std::size_t kNamedLosses = 3;

void say_what_is_lost(const merge::Composition& composition) {
  if (composition.losses.empty()) return;
  std::vector<merge::ModuleLoss> losses = composition.losses;
  std::stable_sort(losses.begin(), losses.end(),
                   [](const auto& one, const auto& other) { return one.lost > other.lost; });
  std::string most;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const std::string text = cat(printable(losses[i].module), " ", percent(losses[i].lost));
    log_debug(cat("lost: ", text));
    if (i < kNamedLosses) most += cat(most.empty() ? "" : ", ", text);
  }
  log_info(cat("rank ", composition.rank, ": lost ", percent(composition.lost),
               " in all (relative Frobenius norm); the most: ", most));
}

Json losses_json(const merge::Composition& composition) {
  Json modules = Json::object();
  for (const merge::ModuleLoss& loss : composition.losses) modules[loss.module] = loss.lost;
  return modules;
}

std::vector<merge::WeightedAdapter> read_sound(const std::vector<merge::AdapterArgument>& arguments,
                                               const std::filesystem::path& path) {
  std::optional<target::BaseModel> base;
  if (!path.empty()) base = target::read_base_model(path);
  auto adapters =
      merge::read_adapters(arguments, base ? adapter::hints_of(*base) : adapter::BaseHints{});
  for (const merge::WeightedAdapter& each : adapters) {
    verify::require_sound(each.adapter, base ? &*base : nullptr, each.name);
  }
  return adapters;
}

void run_compose(const Context& context, const ComposeCall& call) {
  const merge::ComposeMethod method = merge::compose_method(call.method);
  const std::vector<merge::AdapterArgument> arguments = arguments_of(call);
  std::vector<std::filesystem::path> inputs = {call.base};
  for (const merge::AdapterArgument& argument : arguments) inputs.push_back(argument.path);
  check_output(call.out, adapter::peft_folder(), call.force, inputs);
  const std::vector<merge::WeightedAdapter> adapters = read_sound(arguments, call.base);
  warn_of_two_bases(adapters);
  const std::optional<std::int64_t> rank = call.rank > 0 ? std::optional(call.rank) : std::nullopt;
  const merge::Composition composition = merge::compose(adapters, method, rank);
  adapter::PeftOptions peft;
  peft.dtype = parse_dtype(call.dtype);
  adapter::write_peft_folder(call.out, composition.adapter, peft,
                             call.force ? OnExisting::replace : OnExisting::refuse);
  say_what_is_lost(composition);
  if (!context.json) return print_line(call.out.string());
  print_json({{"path", call.out.string()},
              {"method", call.method},
              {"rank", composition.rank},
              {"modules", composition.adapter.pairs.size()},
              {"lost", composition.lost},
              {"lost_by_module", losses_json(composition)}});
}

}  // namespace

void add_compose(CLI::App& program, Context& context) {
  const auto call = std::make_shared<ComposeCall>();
  CLI::App& command =
      add_command(program, context, "compose", "Adapters -> one adapter, their weighted sum",
                  {{"dnd compose A B:0.5 --out AB", "exact: the ranks add up"},
                   {"dnd compose A B --method svd --rank 16 --out AB", "the nearest of rank 16"}},
                  [&context, call] {
                    call->base = base_place(call->base).path;
                    run_compose(context, *call);
                  });
  command
      .add_option("adapters", call->adapters,
                  "Adapters, each with an optional weight after a colon (default 1)")
      ->required();
  command.add_option("-o,--out", call->out, "Adapter folder to make")->required();
  command.add_option("-b,--base", call->base,
                     "Base model; needed for GGUF adapters of Llama-type models");
  command
      .add_option("-m,--method", call->method,
                  "concat: exact; add: nearest of the parts' rank; svd: nearest of --rank")
      ->check(CLI::IsMember({"concat", "add", "svd"}))
      ->capture_default_str();
  command.add_option("-r,--rank", call->rank, "Rank for svd")->check(CLI::Range(1, 4096));
  command
      .add_option("--weights", call->weights,
                  "Weights in the order of the adapters, comma-separated, instead of colons")
      ->delimiter(',');
  command.add_option("--adapter-dtype", call->dtype, "Element type of the adapter")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  command.add_flag("-f,--force", call->force, "Replace an adapter that is there");
}

}  // namespace dnd::app
