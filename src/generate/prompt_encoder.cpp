#include "generate/prompt_encoder.h"

#include <future>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "text/glove.h"
#include "tokenizer/encoder_tokenizer.h"

namespace dnd::generate {
namespace fs = std::filesystem;
namespace {

void warn_about_length(const text::TokenBatch& batch) {
  std::size_t full = 0;
  for (std::int64_t i = 0; i < batch.prompts; ++i) {
    full += batch.mask[static_cast<std::size_t>((i + 1) * batch.length - 1)];
  }
  if (full > 0) {
    log_debug(cat(full, " of ", batch.prompts, " prompts fill all ", batch.length,
                  " tokens; longer ones were cut"));
  }
}

// Of a condition (N, L, C): 1 where a row has a value other than 0.
std::vector<std::uint8_t> rows_with_values(const HostTensor& condition) {
  const auto width = static_cast<std::size_t>(condition.shape.at(2));
  std::vector<std::uint8_t> mask(condition.values.size() / width);
  for (std::size_t i = 0; i < condition.values.size(); ++i) {
    if (condition.values[i] != 0.0F) mask[i / width] = 1;
  }
  return mask;
}

}  // namespace

PromptEncoder::PromptEncoder(Engine& engine, const Generator& generator, fs::path encoder)
    : engine_(engine), config_(generator.config), encoder_(std::move(encoder)) {
  if (config_.condition.kind == bundle::EncoderKind::transformer) load();
}

void PromptEncoder::load() {
  // On this thread where the system gives no other.
  auto tokenizer = std::async(std::launch::async | std::launch::deferred,
                              [&] { return tokenizer::load_encoder_tokenizer(encoder_); });
  engine_.load_encoder(encoder_.string());
  tokenizer_ = tokenizer.get();
  if (engine_.encoder_width() != config_.condition.width) {
    fail(ErrorKind::data, "encoder: ", encoder_.string(), " is ", engine_.encoder_width(),
         " wide, the generator needs ", config_.condition.width);
  }
}

MaskedCondition PromptEncoder::encode(const std::vector<std::string>& prompts) const {
  if (config_.condition.kind == bundle::EncoderKind::glove) return look_up(prompts);
  const auto length = static_cast<std::size_t>(config_.condition.max_length);
  text::TokenBatch batch = text::tokenize(*tokenizer_, prompts, length);
  warn_about_length(batch);
  HostTensor values = engine_.encode(batch, config_);
  return {std::move(values), std::move(batch.mask)};
}

MaskedCondition PromptEncoder::look_up(const std::vector<std::string>& prompts) const {
  const auto length = static_cast<std::size_t>(config_.condition.max_length);
  const auto width = static_cast<std::size_t>(config_.condition.width);
  text::GloveCondition glove = text::glove_condition(encoder_, prompts, length, width);
  if (glove.unknown > 0) {
    log_info(cat(glove.unknown, " of ", glove.words, " words have no vector"));
  }
  MaskedCondition condition{{{glove.prompts, glove.length, glove.width}, std::move(glove.values)},
                            {}};
  condition.mask = rows_with_values(condition.values);
  return condition;
}

}  // namespace dnd::generate
