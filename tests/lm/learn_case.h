// A tiny base with adapters of some tasks and lessons, as scripts/make_learn_cases.py writes them.
#pragma once

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "formats/model_folder.h"
#include "lm/learn/batch_gradient.h"
#include "lm/learn/learning_base.h"
#include "support/golden.h"

namespace dnd::lm::learn {

inline const std::map<std::string, std::string> kLearnBases = {
    {"qwen2", "interop/qwen2/base"},
    {"llama", "interop/llama/base"},
    {"gemma2", "language_models/gemma2/base"},
    {"gemma3", "language_models/gemma3/base"},
    {"phi3", "language_models/phi3/base"}};

class LearnCase {
 protected:
  LearnCase(const std::string& base, const std::string& file)
      : golden_(testing::data_path("learn/" + file + ".safetensors")),
        folder_(testing::data_path(kLearnBases.at(base))),
        config_(read_model_config(folder_.config())),
        weights_(read_weights(workers_, folder_.weights(), config_)),
        base_(weights_, config_) {
    base_.reserve(64);
    for (const Json& told : Json::parse(golden_.metadata().at("lessons"))) {
      lessons_.push_back({told["ids"].get<std::vector<std::int32_t>>(),
                          told["answer"].get<std::size_t>(), told["task"].get<std::size_t>()});
    }
    const Json scales = Json::parse(golden_.metadata().at("scales"));
    for (std::size_t task = 0; task < scales.size(); ++task) {
      adapters_.push_back(read_adapter(task, scales[task]));
      learnable_.push_back(learnable(weights_.linears(), adapters_.back()));
    }
  }

  adapter::LoraAdapter read_adapter(std::size_t task, double scale) const {
    adapter::LoraAdapter adapter;
    const std::string prefix = std::to_string(task) + "/";
    for (const formats::TensorView& tensor : golden_.tensors()) {
      if (!tensor.name.starts_with(prefix) || !tensor.name.ends_with(".a")) continue;
      adapter::LoraPair pair;
      pair.key = tensor.name.substr(0, tensor.name.size() - 2);
      pair.module = pair.key.substr(prefix.size());
      pair.rank = tensor.shape[0];
      pair.in = tensor.shape[1];
      pair.out = golden_.at(pair.key + ".b").shape[0];
      pair.a = golden_.read_f32(tensor.name);
      pair.b = golden_.read_f32(pair.key + ".b");
      pair.scale = scale;
      adapter.pairs.push_back(std::move(pair));
    }
    return adapter;
  }

  struct Learned {
    AnswerLosses losses;
    std::vector<adapter::LoraAdapter> gradients;  // in the place of the matrices
  };

  // `frozen`: layers that are run beforehand and without adapters.
  Learned learn(const std::vector<Lesson>& lessons, std::int64_t frozen = 0) {
    const PassLayout layout = lay_out(lessons);
    const at::Tensor states = base_.run_layers(0, frozen, base_.embed(lessons), layout, {});
    std::vector<at::Tensor> leaves;
    std::vector<TaskAdapter> adapters;
    for (const TaskAdapter& adapter : learnable_) {
      std::vector<at::Tensor> own;
      for (const at::Tensor& matrix : matrices_of(adapter)) {
        own.push_back(matrix.detach().requires_grad_(true));
      }
      leaves.insert(leaves.end(), own.begin(), own.end());
      adapters.push_back(with_matrices(adapter, own));
    }
    std::vector<const TaskAdapter*> by_task;
    for (const TaskAdapter& adapter : adapters) by_task.push_back(&adapter);
    const c10::AutoGradMode record(true);
    Learned learned = {
        base_.losses(base_.run_layers(frozen, config_.layers, states, layout, by_task), layout),
        adapters_};
    const auto gradients = torch::autograd::grad({learned.losses.sum}, leaves, {}, std::nullopt,
                                                 false, /*allow_unused=*/true);
    std::size_t next = 0;
    for (std::size_t task = 0; task < adapters.size(); ++task) {
      std::vector<at::Tensor> own;
      for (const at::Tensor& matrix : matrices_of(adapters[task])) {
        const at::Tensor& gradient = gradients.at(next++);
        own.push_back(gradient.defined() ? gradient : at::zeros_like(matrix));
      }
      write_back(weights_.linears(), with_matrices(adapters[task], own), learned.gradients[task]);
    }
    return learned;
  }

  std::vector<float> golden(const adapter::LoraPair& pair, const char* matrix) const {
    return golden_.read_f32(pair.key + matrix);
  }
  std::vector<double> told(const char* list) const {
    return Json::parse(golden_.metadata().at(list)).get<std::vector<double>>();
  }

  c10::InferenceMode off_{false};  // this process lives in it
  ops::Workers workers_{2};
  formats::SafetensorsFile golden_;
  formats::ModelFolder folder_;
  ModelConfig config_;
  Weights weights_;
  LearningBase base_;
  std::vector<Lesson> lessons_;
  std::vector<adapter::LoraAdapter> adapters_;
  std::vector<TaskAdapter> learnable_;
};

inline double rms(const std::vector<float>& a, const std::vector<float>& b) {
  return testing::relative_rms(std::span<const float>(a), std::span<const float>(b));
}

}  // namespace dnd::lm::learn
