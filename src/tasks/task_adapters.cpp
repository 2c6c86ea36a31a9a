#include "tasks/task_adapters.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "adapter/base_hints.h"
#include "adapter/peft.h"
#include "base/paths.h"
#include "base/strings.h"
#include "target/class_names.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

using adapter::AdapterLayout;
using adapter::LoraAdapter;
using adapter::LoraPair;

constexpr std::size_t kProblemsShown = 8;

void check_pair(const LoraPair& pair, const LoraPair& expected, const std::string& where) {
  if (!pair.magnitude.empty()) fail(ErrorKind::data, where, ": is DoRA, expected plain LoRA");
  if (pair.rank != expected.rank) {
    fail(ErrorKind::data, where, ": rank ", pair.rank, ", the layout has ", expected.rank);
  }
  if (std::abs(pair.scale - expected.scale) > 1e-9 * expected.scale) {
    fail(ErrorKind::data, where, ": is scaled by ", pair.scale, " (alpha / rank), the layout by ",
         expected.scale);
  }
}

void check_size(std::int64_t size, std::int64_t expected, const char* does,
                const std::string& where) {
  if (size == expected) return;
  fail(ErrorKind::data, where, ": ", does, " ", size, ", the layout has ", expected,
       " (adapter of another base model?)");
}

void check_values(const std::vector<float>& values, const std::string& where) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  fail(ErrorKind::data, where, ": element ", bad - values.begin(), " is ", *bad,
       " (a training run that diverged?)");
}

// Moves the values of `pair` into `place`, which is the layout's.
void take_values(LoraPair& place, LoraPair& pair, const std::string& who) {
  const std::string module = cat(who, ": '", printable(place.module));
  const std::string a = module + ".lora_A'";
  const std::string b = module + ".lora_B'";
  check_pair(pair, place, a);
  check_size(pair.in, place.in, "takes", a);
  check_values(pair.a, a);
  check_size(pair.out, place.out, "gives", b);
  check_values(pair.b, b);
  place.a = std::move(pair.a);
  place.b = std::move(pair.b);
}

std::string who_is(const fs::path& folder) { return "adapter: " + folder.string(); }

// Collects messages, so that a whole folder of bad files is known after one run.
class Problems {
 public:
  void add(const std::string& message) {
    if (count_ < kProblemsShown) text_ += cat(count_ == 0 ? "" : "\n  ", message);
    ++count_;
  }
  void throw_if_any() const {
    if (count_ == 0) return;
    if (count_ <= kProblemsShown) fail(ErrorKind::data, text_);
    fail(ErrorKind::data, text_, "\n  and ", count_ - kProblemsShown, " more");
  }

 private:
  std::size_t count_ = 0;
  std::string text_;
};

struct NamedBase {
  std::string name;
  fs::path adapter;
};

void check_base(NamedBase& first, const std::string& base_model, const fs::path& folder) {
  if (base_model.empty()) return;
  if (first.name.empty()) first = {base_model, folder};
  if (first.name == base_model) return;
  fail(ErrorKind::data, who_is(folder), ": is for the base model '", printable(base_model), "', ",
       first.adapter.string(), " for '", printable(first.name), "'");
}

// What the configuration leaves out PEFT does not apply, whatever is stored.
void check_choice(const LoraAdapter& adapter, const std::string& who) {
  for (const LoraPair& pair : adapter.pairs) {
    if (adapter.peft->take(pair.module, false)) continue;
    fail(ErrorKind::data, who, ": '", printable(pair.module),
         "' is stored, but adapter_config.json leaves it out (target_modules, exclude_modules or "
         "layers_to_transform): PEFT does not apply it");
  }
}

LoraAdapter read_as_stored(const AdapterLayout& layout, const fs::path& path) {
  if (is_folder(path)) {
    LoraAdapter adapter = adapter::read_peft_folder(path);
    check_choice(adapter, who_is(path));
    return adapter;
  }
  return adapter::read_peft_file(path, adapter::hints_of(layout).scale);
}

}  // namespace

LoraAdapter fit_to_layout(const AdapterLayout& layout, LoraAdapter adapter,
                          const std::string& who) {
  LoraAdapter fitted = adapter::lora_of_layout(layout);
  std::map<std::string_view, LoraPair*> given;
  for (LoraPair& pair : adapter.pairs) given.emplace(pair.module, &pair);
  for (LoraPair& place : fitted.pairs) {
    auto pair = given.find(place.module);
    // By the name that the base's class has, where files have another.
    if (pair == given.end())
      pair = given.find(target::class_path(layout.architecture, place.module));
    if (pair == given.end()) {
      fail(ErrorKind::data, who, ": '", printable(place.module), "' is missing, the layout has it");
    }
    take_values(place, *pair->second, who);
    given.erase(pair);
  }
  for (const LoraPair& pair : adapter.pairs) {
    if (!given.contains(pair.module)) continue;
    fail(ErrorKind::data, who, ": '", printable(pair.module),
         "' is not in the layout (adapter of another base model, or of more modules?)");
  }
  return fitted;
}

LoraAdapter read_task_adapter(const AdapterLayout& layout, const fs::path& path) {
  return fit_to_layout(layout, read_as_stored(layout, path), who_is(path));
}

std::vector<fs::path> adapter_folders(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::path& entry : list_folder(folder)) {
    if (path_exists(entry / adapter::kAdapterConfigName)) found.push_back(entry);
  }
  return found;
}

fs::path only_adapter(const fs::path& path) {
  if (!is_folder(path) || path_exists(path / adapter::kAdapterConfigName)) return path;
  const std::vector<fs::path> found = adapter_folders(path);
  if (found.size() == 1) return found[0];
  if (found.empty()) return path;  // for its reader to refuse
  fail(ErrorKind::data, who_is(path), ": holds ", found.size(), " adapters (which? e.g. ",
       found.back().filename().string(), ")");
}

void check_task_adapters(const AdapterLayout& layout, const std::vector<Task>& tasks) {
  Problems problems;
  NamedBase base;
  for (const Task& task : tasks) {
    for (const fs::path& folder : task.adapters) {
      try {
        LoraAdapter adapter = read_as_stored(layout, folder);
        const std::string base_model = adapter.base_model;
        fit_to_layout(layout, std::move(adapter), who_is(folder));
        check_base(base, base_model, folder);
      } catch (const Error& error) {
        problems.add(error.what());
      }
    }
  }
  problems.throw_if_any();
}

}  // namespace dnd::tasks
