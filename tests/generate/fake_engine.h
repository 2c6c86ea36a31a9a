// An engine that computes nothing but numbers which tell what was asked of it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bundle/generator_config.h"
#include "dnd/engine.h"
#include "dnd/error.h"
#include "dnd/language_model.h"
#include "dnd/trainer.h"
#include "formats/safetensors.h"
#include "text/tokenizer.h"

namespace dnd::testing {

// A condition's row holds its token ids, every width; projected, they are doubled and cut to one row a
// prompt; weight tokens are all the sum of their condition.
class FakeEngine : public Engine {
 public:
  std::vector<std::size_t> encoded;  // prompts of each call of encode()
  std::vector<std::size_t> decoded;  // conditions of each call of decode()
  std::string encoder;
  bool has_decoder = false;
  std::int64_t width = 2;
  bool fails = false;                  // decode() does
  std::int32_t refused = -1;           // encode() fails where it meets this id
  std::size_t failing_decode = 0;      // the call of decode() that fails, from 1
  ErrorKind kind = ErrorKind::memory;  // of what fails
  std::optional<float> token;          // what weight tokens are instead

  EngineInfo info() const override { return {"cpu", "0", "none", 1}; }
  CudaReport examine_cuda(int /*device*/) override { return {}; }
  void load_encoder(const std::string& folder) override { encoder = folder; }
  std::int64_t encoder_width() const override { return width; }

  HostTensor encode(const text::TokenBatch& batch,
                    const bundle::GeneratorConfig& /*config*/) override {
    encoded.push_back(static_cast<std::size_t>(batch.prompts));
    if (std::find(batch.ids.begin(), batch.ids.end(), refused) != batch.ids.end()) {
      throw Error(kind, "encoder: refused");
    }
    HostTensor condition{{batch.prompts, batch.length, width}, {}};
    for (const std::int32_t id : batch.ids) {
      for (std::int64_t c = 0; c < width; ++c) condition.values.push_back(static_cast<float>(id));
    }
    return condition;
  }

  void load_decoder(const bundle::GeneratorConfig& config,
                    formats::SafetensorsFile /*weights*/) override {
    has_decoder = true;
    tokens_ = {config.features.back().n, config.features.back().h, config.features.back().w};
  }

  HostTensor project(HostTensor condition) override {
    HostTensor projected{{condition.shape[0], 1, condition.shape[2]}, {}};
    const auto row = static_cast<std::size_t>(condition.shape[1] * condition.shape[2]);
    for (std::size_t i = 0; i < condition.values.size(); i += row) {
      for (std::int64_t c = 0; c < width; ++c) {
        // The second position: the first is [CLS] for all.
        projected.values.push_back(2 * condition.values[i + static_cast<std::size_t>(width + c)]);
      }
    }
    return projected;
  }

  std::vector<HostTensor> decode(std::vector<HostTensor> projected,
                                 const LayerCallback& on_layer) override {
    decoded.push_back(projected.size());
    if (fails || decoded.size() == failing_decode) throw Error(kind, "decoder: too large");
    std::vector<HostTensor> all;
    for (const HostTensor& condition : projected) {
      float sum = 0.0F;
      for (const float value : condition.values) sum += value;
      const auto size = static_cast<std::size_t>(tokens_[0] * tokens_[1] * tokens_[2]);
      all.push_back({tokens_, std::vector<float>(size, token.value_or(sum))});
    }
    if (on_layer) on_layer(1, 1);
    return all;
  }

  std::unique_ptr<LanguageModel> load_language_model(const std::string& /*folder*/,
                                                     bool /*needs_texts*/) override {
    return nullptr;
  }
  ProcessPlace join_processes() override { return {}; }
  void first_alone(const std::string& /*what*/, const std::function<void()>& work) override {
    work();
  }
  void require_same(const std::string& /*what*/, const std::string& /*text*/) override {}
  TrainResult train(const TrainJob& /*job*/, const TrainObserver& /*observer*/) override {
    return {};
  }

 private:
  std::vector<std::int64_t> tokens_;
};

}  // namespace dnd::testing
