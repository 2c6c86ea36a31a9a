// A base language model, run natively to judge adapters and to learn them: logits, greedy answers, scores,
// steps of learning.
//
// Not for serving: weights as they are stored, fp32 activations, one process, batches of
// texts whose common beginnings are computed once. Models of the classes Llama, Mistral, Qwen2, Qwen3,
// Gemma 1 to 3 (texts), Phi-3 and SmolLM3 from a Hugging Face folder (safetensors, tokenizer.json or
// SentencePiece's tokenizer.model), computed as transformers 5 does in fp32, or from a GGUF file, whose
// blocks are dequantised once. Adapters are applied unmerged: y = W x + scale * B (A x).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dnd/engine.h"
#include "dnd/tuner.h"

namespace dnd::adapter {
struct LoraAdapter;
}

namespace dnd {

struct LanguageModelInfo {
  std::string architecture;  // e.g. "Qwen2ForCausalLM"
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t vocabulary = 0;  // rows of the output head
  std::int64_t parameters = 0;
  std::string tokenizer_problem;  // why only logits() works; empty: all does
  std::string quantization;       // of a GGUF's weights, e.g. "Q4_1"; empty where they were floats
  std::int64_t longest = 0;       // sequence that it takes, in tokens
  std::vector<std::int32_t> ends =
      {};  // ids that end an answer, as complete() says; the usual one first
};

struct CompletionOptions {
  std::int64_t max_tokens = 16;            // of the answer
  std::vector<std::string> stop = {"\n"};  // an answer ends before the first of these; none empty
  bool as_fits =
      false;  // where fewer than max_tokens fit behind a prompt, its answer may have these
};

// A greedy answer by its tokens.
struct TaughtAnswer {
  std::vector<std::int32_t> ids;  // the end marker, where it came, included
  std::vector<TeacherToken>
      tokens;  // what the model thought of each of them; empty unless asked for
};

// Hears what an answer grows by: whole characters.
using TextCallback = std::function<void(const std::string& text)>;

// One caller at a time. Results do not depend on the number of threads, nor on what else is in the
// batch. Throws dnd::Error.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  virtual LanguageModelInfo info() const = 0;

  // The adapter in use from now on; nullptr: the base alone. Copied. Throws Error(data) naming the
  // first pair that does not fit the base or is DoRA; the one before then stays in use.
  virtual void use_adapter(const adapter::LoraAdapter* adapter) = 0;

  // One sequence of ids -> logits (L, vocabulary). Throws Error(data) for ids outside the vocabulary
  // and, as the calls below, for sequences longer than the model's positions.
  virtual HostTensor logits(const std::vector<std::int32_t>& ids) = 0;

  // Whether the tokenizer's own markers (mostly one that begins a text) are put around every text from now
  // on, as at first. Not around what a chat template made, which has its own.
  virtual void put_markers(bool put) = 0;

  // The tokenizer's ids, its markers included where they are put. This and what follows throws Error(data)
  // where there is a tokenizer_problem.
  virtual std::vector<std::int32_t> tokenize(const std::string& text) const = 0;
  // What `ids` say, special tokens left out.
  virtual std::string text_of(const std::vector<std::int32_t>& ids) const = 0;

  // Greedy continuations, without the end marker, one for each prompt, as they follow it: mostly with
  // a leading space. What ends one: eos_token_id of generation_config.json, else of config.json, else
  // the tokenizer's.
  virtual std::vector<std::string> complete(const std::vector<std::string>& prompts,
                                            const CompletionOptions& options) = 0;
  // The same of one prompt, told while it comes; the answer is what was told.
  virtual void stream(const std::string& prompt, const CompletionOptions& options,
                      const TextCallback& on_text) = 0;

  // Sum of the log-probabilities (natural) of the tokens of `answer` after `prompt`: prompt + answer is
  // tokenized as one text, and what it has beyond the prompt's own tokens counts; no end marker.
  struct Candidate {
    std::string prompt;
    std::string answer;
  };
  virtual std::vector<double> score(const std::vector<Candidate>& candidates) = 0;

  // Greedy continuations of ids, `max_tokens` at most, to learn from.
  virtual std::vector<TaughtAnswer> teach(const std::vector<std::vector<std::int32_t>>& starts,
                                          std::int64_t max_tokens, bool with_tokens) = 0;
  // Learns adapters (dnd/tuner.h). The adapter in use plays no part. Throws Error(data) for lessons and
  // adapters that do not fit the model, and for a loss that is not a number.
  virtual TuneResult tune(const TuneJob& job, const TuneObserver& observer) = 0;
};

}  // namespace dnd
