#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log_sum_exp.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/model_folder.h"
#include "lm/attach_adapter.h"
#include "lm/load_language_model.h"
#include "lm/transformer.h"
#include "ops/guarded.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::lm {
namespace fs = std::filesystem;
namespace {

using Ids = std::vector<std::int32_t>;
using States = Transformer::States;

constexpr const char* kStage = "language model";
constexpr std::int64_t kMaxNewTokens = 1 << 20;

// The tokenizer, or why there is none.
struct Texts {
  std::unique_ptr<tokenizer::BaseTokenizer> tokenizer;
  std::optional<std::int32_t> end;  // its end marker
  std::string problem;
};

Texts read_texts(const fs::path& folder) {
  try {
    tokenizer::FolderTokenizer read = tokenizer::read_folder(folder);
    const std::optional<std::int32_t> end = read.special_id("eos_token");
    return {std::move(read.tokenizer), end, ""};
  } catch (const Error& error) {
    return {nullptr, std::nullopt, error.what()};
  }
}

// What a model is made of before its weights are read.
struct Parts {
  formats::ModelFolder folder;
  ModelConfig config;
  Texts texts;
};

formats::ModelFolder open_base(const fs::path& path) {
  if (is_folder(path) || (is_file(path) && formats::has_gguf_name(path))) {
    return formats::ModelFolder(path);
  }
  fail(ErrorKind::no_input, "base model: ", path.string(),
       ": no such folder or .gguf (a base is run from the folder with its config.json and weights, "
       "or from a GGUF)");
}

Parts read_parts(const fs::path& path, bool needs_texts) {
  formats::ModelFolder folder = open_base(path);
  ModelConfig config = read_model_config(folder.config());
  Texts texts = read_texts(path);
  if (needs_texts && !texts.tokenizer) fail(ErrorKind::data, texts.problem);
  // Tokens that were added and have no row in the model are refused where a text has them.
  if (texts.tokenizer && texts.tokenizer->model_vocabulary_size() > config.vocabulary) {
    fail(ErrorKind::data, "base model: ", path.string(), ": the tokenizer has ",
         texts.tokenizer->model_vocabulary_size(), " tokens, the model ", config.vocabulary,
         " (files of two models?)");
  }
  return {std::move(folder), std::move(config), std::move(texts)};
}

std::string quantization_of(const formats::ModelFolder& folder) {
  const formats::GgufModel* gguf = folder.weights().gguf();
  return gguf == nullptr ? std::string() : gguf->quantization();
}

class NativeLanguageModel : public LanguageModel {
 public:
  NativeLanguageModel(const ops::Workers& workers, Parts parts)
      : workers_(workers),
        model_(workers, parts.folder.weights(), std::move(parts.config)),
        texts_(std::move(parts.texts)),
        ends_(model_.config().ends),
        quantization_(quantization_of(parts.folder)) {
    if (ends_.empty() && texts_.end) ends_.push_back(*texts_.end);
  }

  LanguageModelInfo info() const override {
    const ModelConfig& c = model_.config();
    return {c.architecture,      c.layers,       c.hidden,     c.vocabulary,
            model_.parameters(), texts_.problem, quantization_};
  }

  void use_adapter(const adapter::LoraAdapter* adapter) override {
    ops::guarded(kStage, [&] { attach_adapter(model_.linears(), adapter); });
  }

  HostTensor logits(const Ids& ids) override {
    return ops::guarded(kStage, [&] {
      check_ids(ids, 0, "the sequence");
      model_.reserve(length_of(ids));
      Sequence sequence = model_.begin(length_of(ids));
      const at::Tensor all = model_.head(model_.forward(ids, sequence, States::all));
      const float* values = all.const_data_ptr<float>();
      return HostTensor{all.sizes().vec(), {values, values + all.numel()}};
    });
  }

  void put_markers(bool put) override { markers_ = put; }

  Ids tokenize(const std::string& text) const override {
    return tokenizer().encode(text, markers_);
  }

  std::vector<std::string> complete(const std::vector<std::string>& prompts,
                                    const CompletionOptions& options) override {
    check_options(options);
    std::vector<Ids> starts;
    for (const std::string& prompt : prompts) {
      starts.push_back(tokenize(prompt));
      check_ids(starts.back(), options.max_tokens, cat("prompt ", starts.size()));
    }
    std::vector<std::string> answers(prompts.size());
    for_each(starts, options.max_tokens,
             [&](std::size_t i) { answers[i] = continuation(starts[i], options, {}); });
    return answers;
  }

  void stream(const std::string& prompt, const CompletionOptions& options,
              const TextCallback& on_text) override {
    check_options(options);
    const Ids start = tokenize(prompt);
    check_ids(start, options.max_tokens, "the prompt");
    std::size_t told = 0;
    const auto tell = [&](const std::string& text) {
      if (text.size() > told) on_text(text.substr(told));
      told = std::max(told, text.size());
    };
    for_each({start}, options.max_tokens, [&](std::size_t) {
      // A character may come in several tokens; until it is whole, it is U+FFFD.
      const std::string whole = continuation(start, options, [&](const std::string& text) {
        if (!text.ends_with("\xEF\xBF\xBD")) tell(text);
      });
      tell(whole);
    });
  }

  std::vector<double> score(const std::vector<Candidate>& candidates) override {
    std::vector<Ids> wholes;
    std::vector<std::size_t> begins;  // of the answers
    for (const auto& [prompt, answer] : candidates) {
      const Ids start = tokenize(prompt);
      wholes.push_back(tokenize(prompt + answer));
      check_ids(wholes.back(), 0, cat("candidate ", wholes.size()));
      const Ids& whole = wholes.back();
      begins.push_back(static_cast<std::size_t>(
          std::mismatch(start.begin(), start.end(), whole.begin(), whole.end()).second -
          whole.begin()));
    }
    std::vector<double> scores(candidates.size());
    for_each(wholes, 0, [&](std::size_t i) { scores[i] = log_probability(wholes[i], begins[i]); });
    return scores;
  }

 private:
  static std::int64_t length_of(const Ids& ids) { return static_cast<std::int64_t>(ids.size()); }

  const tokenizer::BaseTokenizer& tokenizer() const {
    if (!texts_.tokenizer) fail(ErrorKind::data, texts_.problem);
    return *texts_.tokenizer;
  }

  static void check_options(const CompletionOptions& options) {
    if (options.max_tokens >= 0 && options.max_tokens <= kMaxNewTokens) return;
    fail(ErrorKind::usage, kStage, ": answers of ", options.max_tokens, " tokens: expected 0 to ",
         kMaxNewTokens);
  }

  void check_ids(const Ids& ids, std::int64_t more, const std::string& what) const {
    const ModelConfig& c = model_.config();
    if (ids.empty()) fail(ErrorKind::data, kStage, ": ", what, " has no token");
    if (length_of(ids) + more > c.longest) {
      fail(ErrorKind::data, kStage, ": ", what, " has ", ids.size(), " tokens",
           more > 0 ? cat(" and ", more, " may follow") : "", ", the model takes ", c.longest);
    }
    const auto [least, most] = std::minmax_element(ids.begin(), ids.end());
    if (*least >= 0 && *most < c.vocabulary) return;
    fail(ErrorKind::data, kStage, ": ", what, ": id ", *least < 0 ? *least : *most,
         " is outside the vocabulary of ", c.vocabulary);
  }

  // Calls fn(index) for all sequences on all workers, with room for `more` tokens after each.
  void for_each(const std::vector<Ids>& sequences, std::int64_t more,
                const std::function<void(std::size_t)>& fn) {
    ops::guarded(kStage, [&] {
      std::int64_t longest = 0;
      for (const Ids& ids : sequences) longest = std::max(longest, length_of(ids));
      model_.reserve(longest + more);
      workers_.run(static_cast<std::int64_t>(sequences.size()),
                   [&](std::int64_t i) { fn(static_cast<std::size_t>(i)); });
    });
  }

  // `on_text` may be empty; it hears all of the answer so far.
  std::string continuation(const Ids& start, const CompletionOptions& options,
                           const TextCallback& on_text) const {
    Ids answer;
    Sequence sequence = model_.begin(length_of(start) + options.max_tokens);
    std::span<const std::int32_t> next = start;
    while (length_of(answer) < options.max_tokens) {
      const at::Tensor logits = model_.head(model_.forward(next, sequence, States::last));
      const float* row = logits.const_data_ptr<float>();
      const auto id = static_cast<std::int32_t>(std::max_element(row, row + logits.numel()) - row);
      if (std::find(ends_.begin(), ends_.end(), id) != ends_.end()) break;
      answer.push_back(id);
      next = std::span(answer).last(1);
      const bool ends =
          options.stop_at_newline && tokenizer().decode(next, true).find('\n') != std::string::npos;
      if (!ends && !on_text) continue;
      const std::string text = tokenizer().decode_after(start, answer);
      if (ends) return text.substr(0, text.find('\n'));
      on_text(text);
    }
    return tokenizer().decode_after(start, answer);
  }

  // Of the tokens from `begin` on; the first token of all has no probability.
  double log_probability(const Ids& ids, std::size_t begin) const {
    const std::size_t first = std::max<std::size_t>(begin, 1);
    if (first >= ids.size()) return 0.0;
    Sequence sequence = model_.begin(length_of(ids));
    const at::Tensor states = model_.forward(ids, sequence, States::all);
    const auto rows = static_cast<std::int64_t>(ids.size() - first);
    const at::Tensor logits =
        model_.head(states.narrow(0, static_cast<std::int64_t>(first) - 1, rows));
    const auto vocabulary = static_cast<std::size_t>(logits.size(1));
    double sum = 0.0;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::span row(logits.const_data_ptr<float>() + i * logits.size(1), vocabulary);
      const std::int32_t id = ids[first + static_cast<std::size_t>(i)];
      sum += static_cast<double>(row[static_cast<std::size_t>(id)]) - log_sum_exp(row);
    }
    return sum;
  }

  const ops::Workers& workers_;
  Transformer model_;
  Texts texts_;
  Ids ends_;
  std::string quantization_;
  bool markers_ = true;
};

}  // namespace

std::unique_ptr<LanguageModel> load_language_model(const ops::Workers& workers,
                                                   const fs::path& path, bool needs_texts) {
  return ops::guarded(kStage, [&]() -> std::unique_ptr<LanguageModel> {
    return std::make_unique<NativeLanguageModel>(workers, read_parts(path, needs_texts));
  });
}

}  // namespace dnd::lm
