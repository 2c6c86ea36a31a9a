#include "eval/methods.h"

#include <set>
#include <utility>

#include "base/strings.h"
#include "eval/wrong_prompts.h"
#include "generate/embedding.h"

namespace dnd::eval {
namespace {

std::string label_of(const Control& control) {
  if (!control.attribute.empty()) return "generated, other " + control.attribute;
  return control.id == "other_in_all" ? "generated, other in every attribute"
                                      : "generated, another task's prompts";
}

}  // namespace

Methods::Methods(const tasks::TaskSet& set, const TrainingAdapters& training,
                 const OwnAdapters& own, const JudgedGenerator& generator, const Settings& settings)
    : set_(set), training_(training), own_(own), generator_(generator), settings_(settings) {
  std::vector<float> x;
  std::vector<float> y;
  for (std::size_t i = 0; i < training.size(); ++i) {
    std::vector<std::vector<float>> draws;
    for (std::size_t k = 0; k < settings.draws; ++k)
      draws.push_back(embedding(training.task(i), k));
    embeddings_.push_back(generate::mean_embedding(draws));
    x.insert(x.end(), embeddings_.back().begin(), embeddings_.back().end());
    const std::vector<float> weights = flat_values(*training.task_mean(i));
    y.insert(y.end(), weights.begin(), weights.end());
  }
  if (training.size() >= 3) ridge_.emplace(static_cast<std::int64_t>(training.size()), x, y);
}

Method Methods::method(const std::string& id, const std::string& label, Make make,
                       QuestionSet set) const {
  return {id, label, set, Manner::usual,
          [this, make](std::size_t task) { return (this->*make)(task); }};
}

std::vector<Method> Methods::all() const {
  std::vector<Method> methods = {method("base", "base", &Methods::base)};
  add_base_methods(methods);
  if (training_.size() > 0) add_training_methods(methods);
  if (generator_.beside.joint) {
    methods.push_back(method("multi_task", "multi-task adapter", &Methods::joint));
  }
  methods.push_back(method("generated", "generated, right prompts", &Methods::right));
  add_controls(methods);
  if (have_forms(set_.held_out)) add_forms(methods);
  methods.push_back(method("random_text", "generated, random text", &Methods::random));
  methods.push_back(method("own_adapter", "the task's own adapter", &Methods::own));
  methods.push_back(method("own_tuned", "own adapter, tuned here", &Methods::tuned));
  add_paraphrases(methods);
  return methods;
}

void Methods::add_base_methods(std::vector<Method>& methods) const {
  if (settings_.ask == tasks::Ask::bare) {
    methods.push_back(method("base_instruction", "base with instruction", &Methods::base));
    methods.back().manner = Manner::instruction;
  }
  if (settings_.examples == 0) return;
  const std::string label =
      cat("base with ", settings_.examples, settings_.examples == 1 ? " example" : " examples");
  methods.push_back(method("base_examples", label, &Methods::shown_examples));
  methods.back().manner = Manner::examples;
}

void Methods::add_training_methods(std::vector<Method>& methods) const {
  methods.push_back(
      method("mean_adapter", "mean training adapter (mean A, mean B)", &Methods::mean));
  methods.push_back(
      method("nearest_adapter", "nearest training adapter", &Methods::nearest_adapter));
  methods.push_back(method("best_single_adapter", "best single training adapter (oracle)",
                           &Methods::best_single));
  add_attribute_means(methods);
  if (ridge_) methods.push_back(method("ridge", "ridge from embeddings", &Methods::ridge));
}

void Methods::add_attribute_means(std::vector<Method>& methods) const {
  for (const Control& control : controls_of(set_)) {
    if (control.attribute.empty()) continue;
    const std::string attribute = control.attribute;
    methods.push_back({"same:" + attribute, "mean adapter of the same " + attribute + " (told)",
                       QuestionSet::test, Manner::usual,
                       [this, attribute](std::size_t task) { return same(attribute, task); }});
  }
}

void Methods::add_controls(std::vector<Method>& methods) const {
  for (const Control& control : controls_of(set_)) {
    methods.push_back({control.id, label_of(control), QuestionSet::test, Manner::usual,
                       [this, control](std::size_t task) { return wrong(control, task); }});
  }
}

void Methods::add_forms(std::vector<Method>& methods) const {
  const auto add = [&](const std::string& id, const std::string& label, Form form) {
    const auto partners = wrong_partners(set_.held_out, form, settings_.seed);
    methods.push_back(
        {id, label, QuestionSet::test, Manner::usual,
         [this, partners](std::size_t task) { return wrong_form(partners.at(task)); }});
  };
  add("wrong_form", "generated, wrong prompts, other form", Form::other);
  add("wrong_same_form", "generated, wrong prompts, same form", Form::same);
}

void Methods::add_paraphrases(std::vector<Method>& methods) const {
  bool any = false;
  for (const tasks::Task& task : set_.held_out) any = any || task.paraphrase.has_value();
  if (!any) return;
  constexpr auto kSet = QuestionSet::paraphrase;
  methods.push_back(method("base", "paraphrases: base", &Methods::base, kSet));
  methods.push_back(
      method("generated", "paraphrases: generated from them", &Methods::paraphrased, kSet));
  methods.push_back(
      method("own_adapter", "paraphrases: the task's own adapter", &Methods::own, kSet));
  methods.push_back(
      method("own_tuned", "paraphrases: own adapter, tuned here", &Methods::tuned, kSet));
}

std::vector<std::string> Methods::draw(const std::vector<std::string>& prompts,
                                       std::size_t k) const {
  return draw_prompts(prompts, generator_.prompts, settings_.seed, k);
}

std::vector<float> Methods::embedding(const tasks::Task& task, std::size_t k) const {
  return generator_.embed(draw(task.prompts, k));
}

Weights Methods::generated(const std::vector<std::string>& prompts, std::size_t k) const {
  return generator_.generate(draw(prompts, k));
}

Candidate Methods::each_draw(const std::function<Weights(std::size_t)>& make) const {
  Candidate candidate;
  for (std::size_t k = 0; k < settings_.draws; ++k) candidate.adapters.push_back(make(k));
  return candidate;
}

std::optional<Candidate> Methods::base(std::size_t /*task*/) const {
  return Candidate{{nullptr}, {}};
}

std::optional<Candidate> Methods::shown_examples(std::size_t task) const {
  if (set_.held_out[task].answers.empty()) return std::nullopt;
  return base(task);
}

std::optional<Candidate> Methods::joint(std::size_t /*task*/) const {
  return Candidate{{generator_.beside.joint}, {}};
}

std::optional<Candidate> Methods::mean(std::size_t /*task*/) const {
  return Candidate{{training_.mean()}, {}};
}

std::optional<Candidate> Methods::nearest_adapter(std::size_t task) const {
  Candidate candidate;
  for (std::size_t k = 0; k < settings_.draws; ++k) {
    const std::size_t found = nearest(embedding(set_.held_out[task], k), embeddings_);
    candidate.adapters.push_back(training_.last(found));
    candidate.sources.push_back(training_.task(found).name);
  }
  return candidate;
}

std::optional<Candidate> Methods::best_single(std::size_t /*task*/) const {
  if (!best_single_) return std::nullopt;
  return Candidate{{training_.last(*best_single_)}, {training_.task(*best_single_).name}};
}

std::optional<Candidate> Methods::same(const std::string& attribute, std::size_t task) const {
  const auto& attributes = set_.held_out[task].attributes;
  const auto entry = attributes.find(attribute);
  if (entry == attributes.end()) return std::nullopt;
  Weights mean = training_.mean_of_same(attribute, entry->second);
  if (!mean) return std::nullopt;
  return Candidate{{std::move(mean)}, {}};
}

std::optional<Candidate> Methods::ridge(std::size_t task) const {
  return each_draw([&](std::size_t k) {
    return unflatten(ridge_->predict(embedding(set_.held_out[task], k)), *training_.mean());
  });
}

std::optional<Candidate> Methods::right(std::size_t task) const {
  return each_draw([&](std::size_t k) { return generated(set_.held_out[task].prompts, k); });
}

std::optional<Candidate> Methods::paraphrased(std::size_t task) const {
  const auto& paraphrase = set_.held_out[task].paraphrase;
  if (!paraphrase || paraphrase->prompts.empty()) return std::nullopt;
  return each_draw([&](std::size_t k) { return generated(paraphrase->prompts, k); });
}

std::optional<Candidate> Methods::wrong(const Control& control, std::size_t task) const {
  const auto partners = partners_of(set_, set_.held_out[task], control, settings_.seed);
  if (partners.empty()) return std::nullopt;
  Candidate candidate;
  for (std::size_t k = 0; k < settings_.draws; ++k) {
    const tasks::Task& partner = *partners[k % partners.size()];
    candidate.adapters.push_back(generated(partner.prompts, k));
    candidate.sources.push_back(partner.name);
  }
  return candidate;
}

std::optional<Candidate> Methods::wrong_form(const std::optional<std::size_t>& partner) const {
  if (!partner) return std::nullopt;
  const tasks::Task& from = set_.held_out[*partner];
  Candidate candidate = each_draw([&](std::size_t k) { return generated(from.prompts, k); });
  candidate.sources.assign(candidate.adapters.size(), from.name);
  return candidate;
}

std::optional<Candidate> Methods::random(std::size_t task) const {
  return each_draw([&](std::size_t k) {
    const std::uint64_t stream = task * settings_.draws + k;
    return generator_.generate(random_text(generator_.prompts, settings_.seed, stream));
  });
}

std::optional<Candidate> Methods::own(std::size_t task) const {
  if (own_[task].empty()) return std::nullopt;
  const auto& adapters = set_.held_out[task].adapters;
  return Candidate{{own_[task].back()}, {adapters.back().filename().string()}};
}

std::optional<Candidate> Methods::tuned(std::size_t task) const {
  const std::vector<Weights>& tuned = generator_.beside.tuned;
  if (task >= tuned.size() || !tuned[task]) return std::nullopt;
  return Candidate{{tuned[task]}, {}};
}

}  // namespace dnd::eval
