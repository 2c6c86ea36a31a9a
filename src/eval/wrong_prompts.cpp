#include "eval/wrong_prompts.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/random.h"

namespace dnd::eval {
namespace {

using Places = std::vector<std::size_t>;
using Partners = std::vector<std::optional<std::size_t>>;

// Of each form, in a drawn order; the most frequent form first, then by name.
std::vector<Places> tasks_by_form(const std::vector<tasks::Task>& tasks, std::uint64_t seed) {
  std::map<std::string, Places> forms;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (!tasks[i].form.empty()) forms[tasks[i].form].push_back(i);
  }
  SplitMix64 random(seed);
  std::vector<Places> drawn;
  for (const auto& [form, places] : forms) {
    Places& order = drawn.emplace_back();
    for (const std::size_t i : draw_without_replacement(places.size(), places.size(), random)) {
      order.push_back(places[i]);
    }
  }
  std::stable_sort(drawn.begin(), drawn.end(),
                   [](const Places& x, const Places& y) { return x.size() > y.size(); });
  return drawn;
}

void pair_within(const Places& order, Partners& partners) {
  for (std::size_t i = 0; order.size() > 1 && i < order.size(); ++i) {
    partners[order[i]] = order[(i + 1) % order.size()];
  }
}

void pair_between(const std::vector<Places>& forms, Partners& partners) {
  if (forms.size() < 2) return;
  Places row;
  for (const Places& order : forms) row.insert(row.end(), order.begin(), order.end());
  const std::size_t most = forms[0].size();
  const std::size_t others = row.size() - most;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::size_t on = most > others && i < most ? most + i % others : (i + most) % row.size();
    partners[row[i]] = row[on];
  }
}

}  // namespace

bool have_forms(const std::vector<tasks::Task>& tasks) {
  return std::any_of(tasks.begin(), tasks.end(),
                     [](const tasks::Task& task) { return !task.form.empty(); });
}

std::vector<std::optional<std::size_t>> wrong_partners(const std::vector<tasks::Task>& tasks,
                                                       Form form, std::uint64_t seed) {
  const std::vector<Places> forms = tasks_by_form(tasks, seed);
  Partners partners(tasks.size());
  if (form == Form::other) {
    pair_between(forms, partners);
  } else {
    for (const Places& order : forms) pair_within(order, partners);
  }
  return partners;
}

}  // namespace dnd::eval
