#include "tasks/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "adapter/peft.h"
#include "base/strings.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

using adapter::AdapterLayout;
using adapter::AdapterMatrix;
using adapter::Factor;
using adapter::FactorLayout;
using adapter::LoraAdapter;
using adapter::LoraPair;

constexpr std::size_t kProblemsShown = 8;

void check_pair(const AdapterLayout& layout, const LoraPair& pair, const std::string& where) {
  if (!pair.magnitude.empty()) fail(ErrorKind::data, where, ": is DoRA, expected plain LoRA");
  if (pair.rank != layout.rank) {
    fail(ErrorKind::data, where, ": rank ", pair.rank, ", the layout has ", layout.rank);
  }
  const double scale = static_cast<double>(layout.alpha) / static_cast<double>(layout.rank);
  if (std::abs(pair.scale - scale) > 1e-9 * scale) {
    fail(ErrorKind::data, where, ": is scaled by ", pair.scale, " (alpha / rank), the layout by ",
         scale);
  }
}

void check_values(const std::vector<float>& values, const std::string& where) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  fail(ErrorKind::data, where, ": element ", bad - values.begin(), " is ", *bad,
       " (a training run that diverged?)");
}

AdapterMatrix matrix_of(const AdapterLayout& layout, const FactorLayout& factor,
                        const LoraPair& pair, const std::string& who) {
  const bool is_a = factor.factor == Factor::a;
  const std::string where =
      cat(who, ": '", printable(factor.module), is_a ? ".lora_A'" : ".lora_B'");
  check_pair(layout, pair, where);
  const std::int64_t size = is_a ? pair.in : pair.out;
  if (size != factor.size) {
    fail(ErrorKind::data, where, ": ", is_a ? "takes " : "gives ", size, ", the layout has ",
         factor.size, " (adapter of another base model?)");
  }
  const std::vector<float>& values = is_a ? pair.a : pair.b;
  check_values(values, where);
  return {factor.key, factor.shape(layout.rank), values};
}

void refuse_unexpected(const LoraAdapter& adapter, const std::set<std::string>& expected,
                       const std::string& who) {
  for (const LoraPair& pair : adapter.pairs) {
    if (expected.contains(pair.module)) continue;
    fail(ErrorKind::data, who, ": '", printable(pair.module),
         "' is not in the layout (adapter of another base model, or of more modules?)");
  }
}

std::string who_is(const fs::path& folder) { return "checkpoint: " + folder.string(); }

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
  fs::path checkpoint;
};

void check_base(NamedBase& first, const LoraAdapter& adapter, const fs::path& folder) {
  if (adapter.base_model.empty()) return;
  if (first.name.empty()) first = {adapter.base_model, folder};
  if (first.name == adapter.base_model) return;
  fail(ErrorKind::data, who_is(folder), ": is for the base model '", printable(adapter.base_model),
       "', ", first.checkpoint.string(), " for '", printable(first.name), "'");
}

}  // namespace

adapter::Adapter matrices_of(const AdapterLayout& layout, const LoraAdapter& adapter,
                             const std::string& who) {
  adapter::Adapter out;
  std::set<std::string> expected;
  for (const FactorLayout& factor : layout.factors()) {
    const LoraPair* pair = adapter.find(factor.module);
    if (pair == nullptr) {
      fail(ErrorKind::data, who, ": '", factor.module, "' is missing, the layout has it");
    }
    expected.insert(pair->module);
    out.matrices.push_back(matrix_of(layout, factor, *pair, who));
  }
  refuse_unexpected(adapter, expected, who);
  return out;
}

adapter::Adapter read_checkpoint(const AdapterLayout& layout, const fs::path& folder) {
  return matrices_of(layout, adapter::read_peft_folder(folder), who_is(folder));
}

void check_checkpoints(const AdapterLayout& layout, const std::vector<Task>& tasks) {
  Problems problems;
  NamedBase base;
  for (const Task& task : tasks) {
    for (const fs::path& folder : task.checkpoints) {
      try {
        const LoraAdapter adapter = adapter::read_peft_folder(folder);
        matrices_of(layout, adapter, who_is(folder));
        check_base(base, adapter, folder);
      } catch (const Error& error) {
        problems.add(error.what());
      }
    }
  }
  problems.throw_if_any();
}

}  // namespace dnd::tasks
