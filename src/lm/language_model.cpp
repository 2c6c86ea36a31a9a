#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/log_sum_exp.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/model_folder.h"
#include "lm/attach_adapter.h"
#include "lm/learn/tune.h"
#include "lm/load_language_model.h"
#include "lm/run_tasks.h"
#include "lm/stop_texts.h"
#include "lm/teacher_token.h"
#include "lm/transformer.h"
#include "ops/guarded.h"
#include "tokenizer/base_tokenizer.h"

namespace dnd::lm {
namespace fs = std::filesystem;
namespace {

using Ids = std::vector<std::int32_t>;
using Logits = std::span<const float>;

constexpr const char* kStage = "language model";
constexpr std::int64_t kMaxNewTokens = 1 << 20;
constexpr std::optional<std::int32_t> kEnd = std::nullopt;

// The tokenizer, or why there is none.
struct Texts {
  std::unique_ptr<tokenizer::BaseTokenizer> tokenizer;
  Ids ends;  // of answers, as its files say
  std::string problem;
};

Texts read_texts(const fs::path& path) {
  try {
    tokenizer::FolderTokenizer read = tokenizer::read_folder(path);
    return {std::move(read.tokenizer), std::move(read.ends), ""};
  } catch (const Error& error) {
    return {nullptr, {}, error.what()};
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
  // Rows that no token has are usual as padding, not in such numbers.
  if (texts.tokenizer && 10 * texts.tokenizer->model_vocabulary_size() < 9 * config.vocabulary) {
    log_warning(cat("base model: ", path.string(), ": the tokenizer has ",
                    texts.tokenizer->model_vocabulary_size(), " tokens, the model ",
                    config.vocabulary, " (files of two models?)"));
  }
  return {std::move(folder), std::move(config), std::move(texts)};
}

std::string quantization_of(const formats::ModelFolder& folder) {
  const formats::GgufModel* gguf = folder.weights().gguf();
  return gguf == nullptr ? std::string() : gguf->quantization();
}

// On its way.
struct Answer {
  Ids ids;
  std::optional<std::string> whole;  // where a stop ended it
};

class NativeLanguageModel : public LanguageModel {
 public:
  NativeLanguageModel(const ops::Workers& workers, Parts parts)
      : folder_(std::move(parts.folder)),
        model_(workers, folder_.weights(), std::move(parts.config)),
        texts_(std::move(parts.texts)),
        ends_(model_.config().ends) {
    if (ends_.empty()) ends_ = texts_.ends;
  }

  LanguageModelInfo info() const override {
    const ModelConfig& c = model_.config();
    return {c.architecture,
            c.layers,
            c.hidden,
            c.vocabulary,
            model_.parameters(),
            texts_.problem,
            quantization_of(folder_),
            c.longest,
            ends_};
  }

  void use_adapter(const adapter::LoraAdapter* adapter) override {
    ops::guarded(kStage, [&] { attach_adapter(model_.linears(), adapter); });
  }

  HostTensor logits(const Ids& ids) override {
    check_ids(ids, 0, "the sequence");
    const auto width = static_cast<std::size_t>(model_.config().vocabulary);
    HostTensor all{{length_of(ids), model_.config().vocabulary},
                   std::vector<float>(ids.size() * width)};
    run({{ids, length_of(ids)}}, [&](std::size_t, std::int64_t position, Logits row) {
      std::copy(row.begin(), row.end(),
                all.values.begin() + position * static_cast<std::int64_t>(width));
      return kEnd;
    });
    return all;
  }

  void put_markers(bool put) override { markers_ = put; }

  Ids tokenize(const std::string& text) const override {
    return tokenizer().encode(text, markers_);
  }

  std::string text_of(const Ids& ids) const override { return tokenizer().decode(ids, true); }

  std::vector<std::string> complete(const std::vector<std::string>& prompts,
                                    const CompletionOptions& options) override {
    check_options(options);
    std::vector<Ids> starts;
    for (const std::string& prompt : prompts) {
      starts.push_back(tokenize(prompt));
      check_ids(starts.back(), least_room(options), cat("prompt ", starts.size()));
    }
    return answer(starts, options, {});
  }

  void stream(const std::string& prompt, const CompletionOptions& options,
              const TextCallback& on_text) override {
    check_options(options);
    const Ids start = tokenize(prompt);
    check_ids(start, least_room(options), "the prompt");
    std::size_t told = 0;
    const auto tell = [&](const std::string& text) {
      if (text.size() > told) on_text(text.substr(told));
      told = std::max(told, text.size());
    };
    // A character may come in several tokens; until it is whole, it is U+FFFD.
    const std::vector<std::string> whole = answer({start}, options, [&](const std::string& text) {
      if (text.ends_with("\xEF\xBF\xBD")) return;
      tell(text.substr(0, certain_length(text, options.stop)));
    });
    tell(whole[0]);
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
    return log_probabilities(wholes, begins);
  }

  std::vector<TaughtAnswer> teach(const std::vector<Ids>& starts, std::int64_t max_tokens,
                                  bool with_tokens) override {
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      check_ids(starts[i], max_tokens, cat("teacher's prompt ", i + 1));
      tasks.push_back({starts[i], 1, max_tokens});
    }
    std::vector<TaughtAnswer> answers(starts.size());
    run(tasks, [&](std::size_t i, std::int64_t, Logits logits) -> std::optional<std::int32_t> {
      const auto id = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) -
                                                logits.begin());
      TaughtAnswer& answer = answers[i];
      answer.ids.push_back(id);
      if (with_tokens) answer.tokens.push_back(teacher_token(logits));
      const bool ends = std::find(ends_.begin(), ends_.end(), id) != ends_.end();
      const bool full = static_cast<std::int64_t>(answer.ids.size()) >= max_tokens;
      return ends || full ? kEnd : std::optional(id);
    });
    return answers;
  }

  TuneResult tune(const TuneJob& job, const TuneObserver& observer) override {
    return ops::guarded("tune", [&] {
      return learn::tune(model_.workers(), model_.weights(), model_.config(), job, observer);
    });
  }

  ModelParts parts() { return {model_.weights(), model_.config()}; }

 private:
  static std::int64_t length_of(const Ids& ids) { return static_cast<std::int64_t>(ids.size()); }

  const tokenizer::BaseTokenizer& tokenizer() const {
    if (!texts_.tokenizer) fail(ErrorKind::data, texts_.problem);
    return *texts_.tokenizer;
  }

  static void check_options(const CompletionOptions& options) {
    if (options.max_tokens < 0 || options.max_tokens > kMaxNewTokens) {
      fail(ErrorKind::usage, kStage, ": answers of ", options.max_tokens, " tokens: expected 0 to ",
           kMaxNewTokens);
    }
    if (std::find(options.stop.begin(), options.stop.end(), "") != options.stop.end()) {
      fail(ErrorKind::usage, kStage, ": an empty text cannot end answers");
    }
  }

  // Tokens that must fit behind a prompt.
  static std::int64_t least_room(const CompletionOptions& options) {
    return options.as_fits ? std::min<std::int64_t>(options.max_tokens, 1) : options.max_tokens;
  }

  void check_ids(const Ids& ids, std::int64_t more, const std::string& what) const {
    const ModelConfig& c = model_.config();
    if (ids.empty()) fail(ErrorKind::data, kStage, ": ", what, " has no token");
    if (length_of(ids) + more > c.longest) {
      fail(ErrorKind::data, kStage, ": ", what, " has ", ids.size(), " tokens",
           more > 0 ? cat(" and ", more, " may follow") : "", ", the model takes ", c.longest,
           more > 1 ? " (fewer tokens in the answer?)" : "");
    }
    const auto [least, most] = std::minmax_element(ids.begin(), ids.end());
    if (*least >= 0 && *most < c.vocabulary) return;
    fail(ErrorKind::data, kStage, ": ", what, ": id ", *least < 0 ? *least : *most,
         " is outside the vocabulary of ", c.vocabulary);
  }

  void run(const std::vector<Task>& tasks, const Hear& hear) {
    ops::guarded(kStage, [&] {
      std::int64_t longest = 0;
      for (const Task& task : tasks) {
        longest = std::max(longest, static_cast<std::int64_t>(task.ids.size()) + task.more);
      }
      model_.reserve(longest);
      run_tasks(model_, tasks, hear);
    });
  }

  // `on_text` may be empty; it hears all of an answer so far, but in the middle of a run of bytes.
  std::vector<std::string> answer(const std::vector<Ids>& starts, const CompletionOptions& options,
                                  const TextCallback& on_text) {
    std::vector<Task> tasks;
    if (options.max_tokens > 0) {
      for (const Ids& start : starts) {
        const std::int64_t room = model_.config().longest - length_of(start);
        tasks.push_back({start, 1, std::min(options.max_tokens, room)});
      }
    }
    std::vector<Answer> answers(starts.size());
    run(tasks, [&](std::size_t i, std::int64_t, Logits logits) -> std::optional<std::int32_t> {
      const auto id = static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) -
                                                logits.begin());
      if (std::find(ends_.begin(), ends_.end(), id) != ends_.end()) return kEnd;
      return grow(starts[i], id, options, on_text, answers[i]) ? std::optional(id) : kEnd;
    });
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      Answer& answer = answers[i];
      texts.push_back(answer.whole ? *answer.whole
                                   : tokenizer().decode_after(starts[i], answer.ids));
    }
    return texts;
  }

  // Whether the answer goes on.
  bool grow(const Ids& start, std::int32_t id, const CompletionOptions& options,
            const TextCallback& on_text, Answer& answer) const {
    answer.ids.push_back(id);
    const bool may_end = may_stop(id, options.stop);
    if (!may_end && !on_text) return true;
    const std::string text = tokenizer().decode_after(start, answer.ids);
    const auto end = may_end ? find_stop(text, options.stop) : std::nullopt;
    if (end) {
      answer.whole = text.substr(0, *end);
    } else if (on_text && !is_byte(id)) {
      on_text(text);
    }
    return !end;
  }

  // "<0x0A>": of a run of these all are text or none is, which shows where it ends.
  bool is_byte(std::int32_t id) const {
    const std::string token = tokenizer().token_of(id).value_or("");
    return token.size() == 6 && token.starts_with("<0x") && token.back() == '>';
  }

  // Whether a stop may end with this token. A line break shows in its token, whatever is before it; other
  // texts are looked for in the whole.
  bool may_stop(std::int32_t id, const std::vector<std::string>& stops) const {
    if (stops.empty()) return false;
    const std::string token = tokenizer().decode({&id, 1}, true);
    return std::any_of(stops.begin(), stops.end(), [&](const std::string& stop) {
      return stop.back() != '\n' || token.find('\n') != std::string::npos;
    });
  }

  // Of the tokens of each from `begins` on; the first token of all has no probability.
  std::vector<double> log_probabilities(const std::vector<Ids>& wholes,
                                        const std::vector<std::size_t>& begins) {
    std::vector<double> sums(wholes.size());
    std::vector<Task> tasks;
    std::vector<std::size_t> indices;  // of the tasks' sequences
    for (std::size_t i = 0; i < wholes.size(); ++i) {
      const std::size_t first = std::max<std::size_t>(begins[i], 1);
      if (first >= wholes[i].size()) continue;
      tasks.push_back({std::span(wholes[i]).first(wholes[i].size() - 1),
                       static_cast<std::int64_t>(wholes[i].size() - first)});
      indices.push_back(i);
    }
    run(tasks, [&](std::size_t task, std::int64_t position, Logits row) {
      const std::size_t i = indices[task];
      const auto id = static_cast<std::size_t>(wholes[i][static_cast<std::size_t>(position) + 1]);
      sums[i] += static_cast<double>(row[id]) - log_sum_exp(row);
      return kEnd;
    });
    return sums;
  }

  formats::ModelFolder folder_;  // holds the weights
  Transformer model_;
  Texts texts_;
  Ids ends_;
  bool markers_ = true;
};

}  // namespace

std::unique_ptr<LanguageModel> load_language_model(const ops::Workers& workers,
                                                   const fs::path& path, bool needs_texts) {
  return ops::guarded(kStage, [&]() -> std::unique_ptr<LanguageModel> {
    return std::make_unique<NativeLanguageModel>(workers, read_parts(path, needs_texts));
  });
}

ModelParts parts_of(LanguageModel& model) {
  return dynamic_cast<NativeLanguageModel&>(model).parts();
}

}  // namespace dnd::lm
