#include "lm/learn/tune_state.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "base/identity.h"
#include "base/json.h"
#include "base/staged.h"
#include "base/strings.h"
#include "dnd/tune_score_json.h"
#include "formats/safetensors.h"

namespace dnd::lm::learn {
namespace {

constexpr const char* kFormatKey = "dnd.format";
constexpr const char* kFormat = "dnd-tune-state";
constexpr const char* kIdentityKey = "dnd.identity";
constexpr const char* kProgressKey = "dnd.progress";
constexpr std::int64_t kMostSteps = INT64_C(1) << 40U;

Json progress_json(const TuneState& state) {
  Json learners = Json::array();
  for (const LearnerState& each : state.learners) {
    learners.push_back({{"steps", each.optimizer.step},
                        {"before", score_json(each.before)},
                        {"has_best", !each.best.empty()},
                        {"best_step", each.best_step},
                        {"best", score_json(each.best_score)},
                        {"misses", each.misses},
                        {"told_step", each.told_step},
                        {"done", each.done}});
  }
  return {{"step", state.step}, {"learners", learners}};
}

// A list of tensors that the file has, by the ending of their names.
struct NamedList {
  const char* ending;
  std::vector<at::Tensor>* tensors;
};

std::vector<NamedList> lists_of(LearnerState& learner) {
  std::vector<NamedList> lists = {{"", &learner.optimizer.values},
                                  {".exp_avg", &learner.optimizer.exp_avg},
                                  {".exp_avg_sq", &learner.optimizer.exp_avg_sq}};
  if (!learner.best.empty()) lists.push_back({".best", &learner.best});
  return lists;
}

using Named = std::map<std::string, at::Tensor>;

Named named_tensors(TuneState& state) {
  Named named;
  for (std::size_t i = 0; i < state.learners.size(); ++i) {
    for (const NamedList& list : lists_of(state.learners[i])) {
      for (std::size_t j = 0; j < list.tensors->size(); ++j) {
        named[cat(i, "/", j, list.ending)] = (*list.tensors)[j];
      }
    }
  }
  return named;
}

void read_progress(TuneState& state, const Json& json, const std::string& who) {
  JsonObject object(json, who);
  state.step = object.integer("step", 0, kMostSteps);
  const Json& learners = object.array("learners");
  if (learners.size() != state.learners.size()) {
    fail(ErrorKind::data, who, ": ", learners.size(), " learners, expected ",
         state.learners.size());
  }
  for (std::size_t i = 0; i < learners.size(); ++i) {
    JsonObject one(learners[i], cat(who, ": learners[", i, "]"));
    LearnerState& learner = state.learners[i];
    learner.optimizer.step = one.integer("steps", 0, state.step);
    learner.before = score_from(one, "before");
    learner.best_step = one.integer("best_step", 0, state.step);
    learner.best_score = score_from(one, "best");
    learner.misses = one.integer("misses", 0, kMostSteps);
    learner.told_step = one.integer("told_step", 0, state.step);
    learner.done = one.boolean_or("done", false);
    if (!one.boolean_or("has_best", false)) continue;
    for (const at::Tensor& value : learner.optimizer.values) {
      learner.best.push_back(at::empty_like(value));
    }
  }
}

const std::string& metadata_entry(const formats::SafetensorsFile& file, const char* key,
                                  const std::string& who) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    fail(ErrorKind::data, who, ": is not a state of this program (no ", key, ")");
  }
  return found->second;
}

}  // namespace

void save_tune_state(const TuneState& state, const std::string& identity,
                     const std::filesystem::path& path) {
  TuneState shared = state;  // of the same tensors
  const Named named = named_tensors(shared);
  std::vector<formats::TensorSpec> specs;
  for (const auto& [name, tensor] : named) {
    specs.push_back({name, Dtype::f32, tensor.sizes().vec()});
  }
  formats::sort_for_safetensors(specs);
  Staged staged(path, own_file(), OnExisting::replace);
  formats::SafetensorsWriter writer(staged.path(), std::move(specs),
                                    {{kFormatKey, kFormat},
                                     {kIdentityKey, identity},
                                     {kProgressKey, json_line(progress_json(state))}});
  for (const formats::TensorSpec& spec : writer.specs()) {
    const at::Tensor values = named.at(spec.name).contiguous();
    writer.write(std::as_bytes(
        std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel()))));
  }
  writer.finish();
  staged.commit();
}

void load_tune_state(TuneState& state, const std::string& identity,
                     const std::filesystem::path& path) {
  const std::string who = "state: " + path.string();
  const formats::SafetensorsFile file(path);
  if (metadata_entry(file, kFormatKey, who) != kFormat) {
    fail(ErrorKind::data, who, ": is not the state of dnd tune");
  }
  require_same_identity(metadata_entry(file, kIdentityKey, who), identity, who, "call");
  read_progress(state, parse_json(metadata_entry(file, kProgressKey, who), who), who);
  for (const auto& [name, tensor] : named_tensors(state)) {
    const formats::Shape shape = tensor.sizes().vec();
    const std::vector<float> values = file.read_f32(name, &shape);
    std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  }
}

}  // namespace dnd::lm::learn
