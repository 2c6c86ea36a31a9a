// The gradient of answers through base, codec and decoder against PyTorch
// (scripts/make_answer_gradient_cases.py).
#include "trainer/answer_objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "lm/learn/lower_states.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/temp_dir.h"
#include "trainer/gradient.h"

namespace dnd::trainer {
namespace {

using lm::learn::Lesson;
using testing::data_path;
using testing::relative_rms;

const std::map<std::string, std::string> kAnswerBases = {{"qwen2", "interop/qwen2/base"},
                                                         {"qwen2_upper", "interop/qwen2/base"},
                                                         {"gemma3", "language_models/gemma3/base"},
                                                         {"phi3", "language_models/phi3/base"}};

class AnswerGradient : public ::testing::TestWithParam<std::string> {
 protected:
  AnswerGradient()
      : golden_(data_path("answers/" + GetParam() + ".safetensors")),
        config_(
            bundle::generator_from_json(Json::parse(golden_.metadata().at("generator")), "case")),
        model_(config_),
        base_(lm::load_language_model(workers_, data_path(kAnswerBases.at(GetParam())))),
        objective_(lm::parts_of(*base_), config_.layout, 32) {
    for (const bundle::ParameterSpec& parameter : model_.parameters()) {
      values_.push_back(tensor("w/" + parameter.name));
    }
    for (const Json& told : Json::parse(golden_.metadata().at("lessons"))) {
      lessons_.push_back({told["ids"].get<std::vector<std::int32_t>>(),
                          told["answer"].get<std::size_t>(), told["example"].get<std::size_t>()});
    }
  }

  at::Tensor tensor(const std::string& name) const {
    const std::vector<float> values = golden_.read_f32(name);
    at::Tensor tensor = at::empty(golden_.at(name).shape, at::kFloat);
    std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
    return tensor;
  }

  std::vector<Lesson> lessons_of(std::int64_t begin, std::int64_t size) const {
    std::vector<Lesson> own;
    for (Lesson lesson : lessons_) {
      const auto example = static_cast<std::int64_t>(lesson.task);
      if (example < begin || example >= begin + size) continue;
      lesson.task = static_cast<std::size_t>(example - begin);
      own.push_back(lesson);
    }
    return own;
  }

  GradientResult gradient(int threads, std::int64_t micro_batch) const {
    constexpr double kQuestions = 2.0;  // of each example
    const at::Tensor condition = tensor("condition");
    const auto examples = [&](std::int64_t begin, std::int64_t size) {
      return Examples{condition.narrow(0, begin, size), {}, lessons_of(begin, size)};
    };
    const auto loss = [&](const at::Tensor& output, const Examples& made) {
      return objective_(output, made.lessons) / kQuestions;
    };
    const std::int64_t count = condition.size(0);
    return batch_gradient(
        ops::Workers(threads), model_, values_, tensor("mean_tokens"), loss, examples,
        {.examples = count, .micro_batch = micro_batch, .scale = 1.0 / static_cast<double>(count)});
  }

  static std::vector<float> copied(const at::Tensor& tensor) {
    const at::Tensor whole = tensor.contiguous();
    return {whole.const_data_ptr<float>(), whole.const_data_ptr<float>() + whole.numel()};
  }

  c10::InferenceMode off_{false};  // this process lives in it
  ops::Workers workers_{2};
  formats::SafetensorsFile golden_;
  bundle::GeneratorConfig config_;
  nn::DecoderModel model_;
  nn::Tensors values_;
  std::unique_ptr<LanguageModel> base_;
  AnswerObjective objective_;
  std::vector<Lesson> lessons_;
};

TEST_P(AnswerGradient, EqualsPyTorch) {
  const GradientResult result = gradient(2, 2);
  EXPECT_NEAR(result.loss / std::stod(golden_.metadata().at("loss")), 1.0, 1e-5);
  for (std::size_t i = 0; i < result.gradients.size(); ++i) {
    const std::string& name = model_.parameters()[i].name;
    const std::vector<float> ours = copied(result.gradients[i]);
    const std::vector<float> theirs = golden_.read_f32("g/" + name);
    const double largest = std::abs(*std::max_element(
        theirs.begin(), theirs.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }));
    ASSERT_GT(largest, 0.0) << name;
    // The layer after this bias normalises it away: its exact gradient is 0, what there is is rounding.
    if (name == "model.decoder.module_list.0.linear2.bias") continue;
    EXPECT_LT(relative_rms(std::span<const float>(ours), std::span<const float>(theirs)), 1e-4)
        << name;
  }
}

TEST_P(AnswerGradient, IsTheSameWhateverTheThreads) {
  const GradientResult one = gradient(1, 1);
  const GradientResult three = gradient(3, 1);
  EXPECT_EQ(one.loss, three.loss);
  for (std::size_t i = 0; i < one.gradients.size(); ++i) {
    EXPECT_EQ(copied(one.gradients[i]), copied(three.gradients[i])) << i;
  }
}

// What is kept of the layers below is what they give.
TEST_P(AnswerGradient, IsTheSameFromKeptStates) {
  const GradientResult computed = gradient(2, 1);
  std::vector<TuneLesson> told;
  std::vector<const TuneLesson*> pointers;
  for (const Lesson& lesson : lessons_) told.push_back({lesson.ids, lesson.answer, {}});
  for (const TuneLesson& lesson : told) pointers.push_back(&lesson);
  const testing::TempDir temp;
  const auto width = static_cast<std::uint64_t>(objective_.base().width());
  const std::uint64_t two = (told[0].ids.size() + told[1].ids.size()) * width * sizeof(float);
  const lm::learn::LowerStates kept(workers_, objective_.base(), objective_.lowest_layer(),
                                    pointers, temp / "below", two);
  EXPECT_FALSE(kept.of(told[1]).empty());
  EXPECT_TRUE(kept.of(told[2]).empty());  // no more fit
  const lm::learn::LowerStates stopped(workers_, objective_.base(), objective_.lowest_layer(),
                                       pointers, temp / "stopped", two, [] { return true; });
  EXPECT_TRUE(stopped.of(told[0]).empty());
  for (std::size_t i = 0; i < 2; ++i) lessons_[i].below = kept.of(told[i]);
  const GradientResult read = gradient(2, 1);
  EXPECT_EQ(computed.loss, read.loss);
  for (std::size_t i = 0; i < read.gradients.size(); ++i) {
    EXPECT_EQ(copied(computed.gradients[i]), copied(read.gradients[i])) << i;
  }
}

TEST_P(AnswerGradient, JudgesAsItLearns) {
  const at::Tensor tokens =
      predict(model_, values_, tensor("mean_tokens"), tensor("condition").narrow(0, 0, 1), false);
  const TuneScore score = objective_.judge(workers_, tokens.select(0, 0), lessons_of(0, 1));
  EXPECT_NEAR(score.loss * 2.0, objective_(tokens, lessons_of(0, 1)).item<double>(), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Bases, AnswerGradient,
                         ::testing::Values("qwen2", "qwen2_upper", "gemma3", "phi3"),
                         [](const auto& test) { return test.param; });

TEST(AnswerObjective, LeavesTheOutputHeadAlone) {
  const ops::Workers workers(1);
  const auto base = lm::load_language_model(workers, data_path("interop/llama/base"));
  const auto linears = lm::parts_of(*base).weights.linears();
  adapter::AdapterLayout layout;
  layout.rank = 1;
  layout.alpha = 1;
  layout.token_rows = 3;
  layout.token_columns = 4;
  layout.blocks = {{"", 1, {{"lm_head", linears.back()->in(), linears.back()->out(), 64, 512}}}};
  EXPECT_DND_ERROR(AnswerObjective(lm::parts_of(*base), layout, 8), ErrorKind::data,
                   "'lm_head': the output head is not learned");
}

}  // namespace
}  // namespace dnd::trainer
