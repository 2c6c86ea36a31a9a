#include "trainer/state.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/staged.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "tasks/training_state.h"

namespace dnd::trainer {
namespace {

constexpr const char* kAverage = "exp_avg.";
constexpr const char* kSquares = "exp_avg_sq.";
constexpr const char* kCause = " (damaged?)";

std::span<const float> saved_values(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// No tensor but those of save_state(): the values and two moments of each parameter.
void check_tensors(const nn::DecoderModel& model, const formats::SafetensorsFile& file,
                   const std::string& who) {
  std::set<std::string> expected;
  for (const bundle::ParameterSpec& parameter : model.parameters()) {
    for (const char* prefix : {"", kAverage, kSquares}) expected.insert(prefix + parameter.name);
  }
  for (const formats::TensorView& tensor : file.tensors()) {
    if (!expected.contains(tensor.name)) {
      fail(ErrorKind::data, who, ": tensor '", printable(tensor.name), "': unexpected", kCause);
    }
    if (tensor.dtype != Dtype::f32) {
      fail(ErrorKind::data, who, ": tensor '", tensor.name, "': ", dtype_name(tensor.dtype),
           ", expected F32", kCause);
    }
  }
}

// What the optimiser could not have written is not gone on with.
nn::Tensors read_checked(const nn::DecoderModel& model, const nn::WeightStore& store,
                         const char* prefix, float least, const std::string& who) {
  nn::Tensors tensors = model.read(store, prefix);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    for (const float value : saved_values(tensors[i])) {
      if (std::isfinite(value) && value >= least) continue;
      fail(ErrorKind::data, who, ": tensor '", prefix, model.parameters()[i].name, "' holds ",
           value, least == 0.0F ? ", expected finite values from 0 on" : ", expected finite values",
           kCause);
    }
  }
  return tensors;
}

}  // namespace

void save_state(const nn::DecoderModel& model, const OptimizerState& state,
                const std::string& identity, const std::filesystem::path& path) {
  std::vector<formats::TensorSpec> specs;
  std::map<std::string, at::Tensor> tensors;
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    const bundle::ParameterSpec& parameter = model.parameters()[i];
    const auto add = [&](const std::string& prefix, const at::Tensor& tensor) {
      specs.push_back({prefix + parameter.name, Dtype::f32, parameter.shape});
      tensors[prefix + parameter.name] = tensor;
    };
    add("", state.values[i]);
    add(kAverage, state.exp_avg[i]);
    add(kSquares, state.exp_avg_sq[i]);
  }
  formats::sort_for_safetensors(specs);
  Staged staged(path, own_file(), OnExisting::replace);
  formats::SafetensorsWriter writer(staged.path(), std::move(specs),
                                    {{tasks::kStateFormatKey, tasks::kStateFormat},
                                     {tasks::kStateStepKey, cat(state.step)},
                                     {tasks::kStateIdentityKey, identity}});
  for (const formats::TensorSpec& spec : writer.specs()) {
    writer.write(std::as_bytes(saved_values(tensors.at(spec.name))));
  }
  writer.finish();
  staged.commit();
}

OptimizerState load_state(const nn::DecoderModel& model, std::int64_t steps,
                          const std::string& identity, const std::filesystem::path& path) {
  const std::string who = "training state: " + path.string();
  const nn::WeightStore store(path);
  const std::int64_t step = tasks::steps_of_state(store.file().metadata(), steps, identity, who);
  check_tensors(model, store.file(), who);
  constexpr float kAny = std::numeric_limits<float>::lowest();
  return {read_checked(model, store, "", kAny, who),
          read_checked(model, store, kAverage, kAny, who),
          read_checked(model, store, kSquares, 0.0F, who), step};
}

}  // namespace dnd::trainer
