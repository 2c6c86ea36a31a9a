#include "generate/session.h"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <utility>

#include "adapter/weight_codec.h"
#include "base/log.h"
#include "base/strings.h"
#include "generate/embedding.h"

namespace dnd::generate {
namespace {

using Prompts = Session::Prompts;

// Those that `known` does not have, each once.
template <typename Known>
Prompts unknown_prompts(const Prompts& prompts, const Known& known) {
  Prompts unknown;
  std::unordered_set<std::string_view> listed;
  for (const std::string& prompt : prompts) {
    if (!known.contains(prompt) && listed.insert(prompt).second) unknown.push_back(prompt);
  }
  return unknown;
}

// Row `i` of `count` in a tensor.
template <typename Value>
std::span<const Value> row_of(const std::vector<Value>& values, std::size_t i, std::size_t count) {
  const std::size_t size = values.size() / count;
  return std::span(values).subspan(i * size, size);
}

}  // namespace

Session::Session(Engine& engine, const Generator& generator, const std::filesystem::path& encoder,
                 formats::SafetensorsFile weights, const SessionOptions& options)
    : engine_(engine), generator_(generator), options_(options) {
  if (!encoder.empty()) encoder_.emplace(engine, generator, encoder);
  engine_.load_decoder(generator.config, std::move(weights));
}

HostTensor Session::condition(const Prompts& prompts) {
  if (options_.kept_bytes == 0) return encode(prompts);
  keep(prompts);
  HostTensor condition{{static_cast<std::int64_t>(prompts.size()), row_shape_[0], row_shape_[1]},
                       {}};
  condition.values.reserve(prompts.size() * row_values());
  for (const std::string& prompt : prompts) {
    const std::vector<float>& row = rows_.at(prompt);
    condition.values.insert(condition.values.end(), row.begin(), row.end());
  }
  return condition;
}

HostTensor Session::project(HostTensor condition) { return engine_.project(std::move(condition)); }

std::vector<float> Session::embed(const Prompts& prompts) {
  if (!options_.embeddings) fail(ErrorKind::internal, "session: embed() was not asked for");
  if (const Prompts missing = unknown_prompts(prompts, embeddings_); !missing.empty())
    keep(missing);
  std::vector<std::vector<float>> embeddings;
  embeddings.reserve(prompts.size());
  for (const std::string& prompt : prompts) embeddings.push_back(embeddings_.at(prompt));
  return mean_embedding(embeddings);
}

std::vector<HostTensor> Session::decode(std::vector<HostTensor> conditions,
                                        const LayerCallback& on_layer) {
  return engine_.decode(std::move(conditions), on_layer);
}

adapter::LoraAdapter Session::adapter(const HostTensor& tokens,
                                      const adapter::Provenance& provenance) const {
  adapter::LoraAdapter adapter = adapter::detokenize(generator_.config.layout, tokens.values);
  adapter.metadata.merge(adapter::provenance_metadata(provenance));
  return adapter;
}

// Projected; the embeddings on the way.
HostTensor Session::encode(const Prompts& prompts) {
  if (!encoder_) fail(ErrorKind::internal, "session: prompts, but no encoder");
  MaskedCondition condition = encoder_->encode(prompts);
  if (options_.embeddings) {
    const auto width = static_cast<std::size_t>(condition.values.shape.at(2));
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      embeddings_[prompts[i]] = pooled_embedding(row_of(condition.values.values, i, prompts.size()),
                                                 row_of(condition.mask, i, prompts.size()), width);
    }
  }
  HostTensor projected = project(std::move(condition.values));
  row_shape_ = {projected.shape.at(1), projected.shape.at(2)};
  return projected;
}

// Afterwards all of `prompts` are there.
void Session::keep(const Prompts& prompts) {
  Prompts missing = unknown_prompts(prompts, rows_);
  const bool any_known =
      std::any_of(prompts.begin(), prompts.end(),
                  [&](const std::string& prompt) { return rows_.contains(prompt); });
  if (any_known) log_debug(cat(missing.size(), " prompts to encode, the others are known"));
  if (missing.empty()) return;
  if ((rows_.size() + missing.size()) * row_values() * sizeof(float) > options_.kept_bytes) {
    rows_.clear();
    missing = unknown_prompts(prompts, rows_);
  }
  const HostTensor encoded = encode(missing);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const std::span<const float> row = row_of(encoded.values, i, missing.size());
    rows_[missing[i]].assign(row.begin(), row.end());
  }
}

std::size_t Session::row_values() const {
  return row_shape_.empty() ? 0 : static_cast<std::size_t>(row_shape_[0] * row_shape_[1]);
}

}  // namespace dnd::generate
