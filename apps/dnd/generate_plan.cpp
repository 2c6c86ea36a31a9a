#include "generate_plan.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/strings.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::size_t> environment_number(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  const auto parsed = number(value);
  if (!parsed)
    fail(ErrorKind::usage, "--shard auto: ", name, "='", printable(value), "' is not a number");
  return parsed;
}

Shard checked(Shard shard, const std::string& what) {
  if (shard.count == 0 || shard.index >= shard.count) {
    fail(ErrorKind::usage, "--shard ", what, ": expected I/N with 0 <= I < N");
  }
  return shard;
}

Shard shard_from_environment() {
  const auto slurm = environment_number("SLURM_ARRAY_TASK_ID");
  const auto slurm_count = environment_number("SLURM_ARRAY_TASK_COUNT");
  if (slurm && slurm_count) {
    const std::size_t first = environment_number("SLURM_ARRAY_TASK_MIN").value_or(0);
    if (*slurm < first) fail(ErrorKind::usage, "--shard auto: SLURM task id below its minimum");
    return checked({*slurm - first, *slurm_count}, "auto (SLURM)");
  }
  const auto rank = environment_number("RANK");
  const auto size = environment_number("WORLD_SIZE");
  if (rank && size) return checked({*rank, *size}, "auto (RANK)");
  fail(ErrorKind::usage,
       "--shard auto: neither SLURM_ARRAY_TASK_ID and _COUNT nor RANK and "
       "WORLD_SIZE are set");
}

std::string variant_name(std::size_t variant) {
  std::string digits = std::to_string(variant);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return "v" + digits;
}

}  // namespace

std::vector<adapter::AdapterFormat> chosen_formats(const GenerateOptions& options) {
  std::vector<adapter::AdapterFormat> formats;
  for (const std::string& name : options.formats) {
    const adapter::AdapterFormat format = parse_format(name);
    check_dtype(format, options.adapter_dtype);
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
      formats.push_back(format);
    }
  }
  return formats;
}

std::string dtype_for(const GenerateOptions& options, adapter::AdapterFormat format) {
  if (!options.adapter_dtype.empty()) return options.adapter_dtype;
  return format == adapter::AdapterFormat::gguf ? "f32" : "bf16";
}

Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  if (text == "auto") return shard_from_environment();
  const auto parts = split(text, '/');
  const auto index = number(parts[0]);
  const auto count = parts.size() == 2 ? number(parts[1]) : std::nullopt;
  if (!index || !count)
    fail(ErrorKind::usage, "--shard '", printable(text), "': expected I/N or auto");
  return checked({*index, *count}, text);
}

fs::path default_output(const GenerateOptions& options) {
  if (!options.out.empty()) return options.out;
  fs::path stem = "stdin";
  if (!options.condition.empty()) stem = options.condition.stem();
  if (!options.source.prompts.empty() && options.source.prompts[0] != "-") {
    stem = options.source.prompts[0].stem();
  }
  return fs::path("adapters") / stem;
}

std::vector<Job> plan_jobs(const GenerateOptions& options, const text::PromptSet& set) {
  const Shard shard = parse_shard(options.shard);
  const fs::path out = default_output(options);
  std::vector<Job> jobs;
  const auto add = [&](const text::PromptTask* task, const fs::path& place) {
    if (options.variants == 0) jobs.push_back({task, 0, place});
    for (std::size_t v = 0; v < options.variants; ++v) {
      jobs.push_back({task, v, place / variant_name(v)});
    }
  };
  if (!options.condition.empty()) {
    if (shard.index == 0) add(nullptr, out);
    return jobs;
  }
  for (std::size_t i = 0; i < set.tasks.size(); ++i) {
    if (i % shard.count != shard.index) continue;
    const text::PromptTask& task = set.tasks[i];
    const bool own_folder = options.task.empty() && !task.name.empty();
    add(&task, own_folder ? out / task.name : out);
  }
  return jobs;
}

}  // namespace dnd::app
