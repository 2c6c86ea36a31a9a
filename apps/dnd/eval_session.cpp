#include "eval_session.h"

#include <span>
#include <utility>

#include "adapter/weight_codec.h"
#include "eval/selections.h"
#include "formats/safetensors.h"

namespace dnd::app {
namespace {

constexpr std::size_t kKeptConditions = (256ULL << 20U) / sizeof(float);  // values
constexpr std::size_t kKeptAdapters = (1ULL << 30U) / sizeof(float);      // values

}  // namespace

EvalSession::EvalSession(Engine& engine, const Generator& generator,
                         const std::filesystem::path& encoder)
    : engine_(engine), generator_(generator), maker_(engine, generator, encoder) {
  engine_.load_decoder(generator_.config, formats::SafetensorsFile(generator_.weights()));
}

eval::Generator EvalSession::door(const std::string& name) {
  eval::Generator door;
  door.name = name;
  door.prompts = static_cast<std::size_t>(generator_.config.condition.prompts);
  door.layout = &generator_.config.layout;
  door.embed = [this](const Prompts& prompts) { return embed(prompts); };
  door.generate = [this](const Prompts& prompts) { return generate(prompts); };
  return door;
}

std::vector<float> EvalSession::embed(const Prompts& prompts) {
  Prompts missing;
  for (const std::string& prompt : prompts) {
    if (!embeddings_.contains(prompt)) missing.push_back(prompt);
  }
  encode_missing(missing);
  std::vector<std::vector<float>> embeddings;
  for (const std::string& prompt : prompts) embeddings.push_back(embeddings_.at(prompt));
  return eval::mean_embedding(embeddings);
}

eval::Weights EvalSession::generate(const Prompts& prompts) {
  if (const auto known = adapters_.find(prompts); known != adapters_.end()) return known->second;
  encode_missing(prompts);
  const bundle::GeneratorConfig& config = generator_.config;
  HostTensor condition{
      {config.condition.prompts, config.condition.max_length, config.condition.width}, {}};
  for (const std::string& prompt : prompts) {
    const std::vector<float>& rows = conditions_.at(prompt);
    condition.values.insert(condition.values.end(), rows.begin(), rows.end());
  }
  std::vector<HostTensor> projected;
  projected.push_back(engine_.project(std::move(condition)));
  const HostTensor tokens = std::move(engine_.decode(std::move(projected), {})[0]);
  auto weights =
      std::make_shared<const adapter::Adapter>(adapter::detokenize(config.layout, tokens.values));
  const auto size = static_cast<std::size_t>(config.layout.parameter_count());
  if (adapters_.size() * size > kKeptAdapters) adapters_.clear();
  return adapters_[prompts] = std::move(weights);
}

void EvalSession::encode_missing(const Prompts& prompts) {
  Prompts missing = unknown_prompts(prompts, conditions_);
  if (missing.empty()) return;
  const auto size = static_cast<std::size_t>(generator_.config.condition.max_length *
                                             generator_.config.condition.width);
  if ((conditions_.size() + missing.size()) * size > kKeptConditions) {
    // All of `prompts` must be there afterwards, those that were known as well.
    conditions_.clear();
    missing = unknown_prompts(prompts, conditions_);
  }
  encode(missing);
}

void EvalSession::encode(const Prompts& prompts) {
  const MaskedCondition made = maker_.make_masked(prompts);
  const auto length = static_cast<std::size_t>(made.values.shape.at(1));
  const auto width = static_cast<std::size_t>(made.values.shape.at(2));
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::span rows =
        std::span(made.values.values).subspan(i * length * width, length * width);
    const std::span mask = std::span(made.mask).subspan(i * length, length);
    conditions_[prompts[i]].assign(rows.begin(), rows.end());
    embeddings_[prompts[i]] = eval::pooled_embedding(rows, mask, width);
  }
}

}  // namespace dnd::app
