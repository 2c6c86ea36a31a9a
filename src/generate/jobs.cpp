#include "generate/jobs.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "base/environment.h"
#include "base/strings.h"

namespace dnd::generate {
namespace {

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::size_t> environment_number(const char* name) {
  const std::string value = environment(name);
  if (value.empty()) return std::nullopt;
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

// Ids from `first` to `last` in steps; those of a list with gaps do not tell a task's place in it.
Shard shard_of_array(std::size_t id, std::size_t count) {
  const std::size_t first = environment_number("SLURM_ARRAY_TASK_MIN").value_or(0);
  const auto last = environment_number("SLURM_ARRAY_TASK_MAX");
  const std::size_t step =
      std::max<std::size_t>(1, environment_number("SLURM_ARRAY_TASK_STEP").value_or(1));
  if (id < first) fail(ErrorKind::usage, "--shard auto: SLURM task id below its minimum");
  const bool even = !last || (*last >= first && (*last - first) / step + 1 == count);
  if (!even || (id - first) % step != 0) {
    fail(ErrorKind::usage, "--shard auto: SLURM's array has ", count, " tasks, its ids ", first,
         last ? cat(" to ", *last) : "", " in steps of ", step,
         " are others (a list with gaps? give --shard I/N)");
  }
  return checked({(id - first) / step, count}, "auto (SLURM)");
}

Shard shard_from_environment() {
  const auto slurm = environment_number("SLURM_ARRAY_TASK_ID");
  const auto slurm_count = environment_number("SLURM_ARRAY_TASK_COUNT");
  if (slurm && slurm_count) return shard_of_array(*slurm, *slurm_count);
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

void add_variants(const text::PromptTask* task, const std::filesystem::path& place,
                  std::size_t variants, std::vector<Job>& jobs) {
  if (variants == 0) jobs.push_back({task, 0, place});
  for (std::size_t v = 0; v < variants; ++v) jobs.push_back({task, v, place / variant_name(v)});
}

}  // namespace

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

std::vector<Job> plan_jobs(const text::PromptSet& set, const JobPlan& plan, bool named_by_call) {
  std::vector<Job> jobs;
  for (std::size_t i = plan.shard.index; i < set.tasks.size(); i += plan.shard.count) {
    const text::PromptTask& task = set.tasks[i];
    const bool own_folder = !named_by_call && !task.name.empty();
    add_variants(&task, own_folder ? plan.out / task.name : plan.out, plan.variants, jobs);
  }
  return jobs;
}

std::vector<Job> plan_jobs(const JobPlan& plan) {
  std::vector<Job> jobs;
  if (plan.shard.index == 0) add_variants(nullptr, plan.out, plan.variants, jobs);
  return jobs;
}

}  // namespace dnd::generate
