#include "eval/evaluate.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "eval/score_answer.h"

namespace dnd::eval {
namespace {

using Questions = std::vector<tasks::Question>;

// Mean over draws of the relative distance of `from` to the matching one of `to` (or its only one).
double mean_distance(const std::vector<Weights>& from, const std::vector<Weights>& to) {
  std::vector<double> distances;
  for (std::size_t k = 0; k < from.size(); ++k) {
    distances.push_back(relative_distance(single(from[k]), single(to[std::min(k, to.size() - 1)])));
  }
  return mean_of(distances);
}

double mean_distance(const std::vector<Weights>& from, const Yardstick& to) {
  std::vector<double> distances;
  distances.reserve(from.size());
  for (const Weights& adapter : from) {
    distances.push_back(to.relative_distance(single(adapter)));
  }
  return mean_of(distances);
}

bool is_control(const std::string& id) {
  return id.starts_with("other") || id.starts_with("wrong") || id == "random_text";
}

bool is_paraphrase(const Method& method) { return method.set == QuestionSet::paraphrase; }

class Judge {
 public:
  Judge(const tasks::TaskSet& set, const TrainingAdapters& training,
        const JudgedGenerator& generator, Answers* answers, const Settings& settings,
        const OnProgress& on_progress)
      : set_(set),
        training_(training),
        generator_(generator),
        answers_(answers),
        settings_(settings),
        on_progress_(on_progress),
        own_(read_own_adapters(*generator.layout, set.held_out)),
        methods_(set, training, own_, generator, settings) {}

  Outcome run() {
    if (answers_ != nullptr) find_best_single();
    prepare_rows();
    for (std::size_t task = 0; task < set_.held_out.size(); ++task) judge(task);
    outcome_.generated = spread_of(generated_);
    std::erase_if(own_, [](const auto& adapters) { return adapters.empty(); });
    if (!own_.empty()) outcome_.own = spread_of(own_);
    drop_empty_rows();
    return std::move(outcome_);
  }

 private:
  void progress(const std::string& stage, std::size_t done, std::size_t total) const {
    if (!on_progress_) return;
    on_progress_(stage, static_cast<double>(done) / static_cast<double>(total));
  }

  Asking how(const tasks::Task& task, Manner manner = Manner::usual) const {
    Asking asking = asking_of(task, settings_.scorer, settings_.ask);
    if (manner == Manner::instruction) asking.ask = tasks::Ask::prompt;
    if (manner != Manner::examples) return asking;
    asking.examples = settings_.examples;
    asking.pool = &task.answers;
    return asking;
  }

  // In its own favour: chosen by the held-out tasks' questions themselves, the first few of each.
  void find_best_single() {
    double best = -1.0;
    for (std::size_t i = 0; i < training_.size(); ++i) {
      progress(cat(generator_.name, ": best single adapter"), i, training_.size());
      std::vector<double> shares;
      for (const tasks::Task& task : set_.held_out) {
        const Questions some = first_questions(limited(task.test), settings_.candidate_questions);
        if (!some.empty()) shares.push_back(answers_->accuracy(training_.last(i), some, how(task)));
      }
      if (shares.empty()) return;
      if (mean_of(shares) <= best) continue;
      best = mean_of(shares);
      outcome_.best_single = training_.task(i).name;
      methods_.set_best_single(i);
    }
    if (best >= 0.0) outcome_.best_single_questions = settings_.candidate_questions;
  }

  void prepare_rows() {
    outcome_.model = generator_.name;
    list_ = methods_.all();
    // Without questions the paraphrases have nothing to be asked.
    if (answers_ == nullptr) std::erase_if(list_, [](const Method& m) { return is_paraphrase(m); });
    const std::size_t n = set_.held_out.size();
    for (const tasks::Task& task : set_.held_out) {
      outcome_.tasks.push_back({task.name, task.group});
      if (answers_ == nullptr) continue;
      outcome_.tasks.back().system = task.system;
      outcome_.tasks.back().stop = task.stop;
      outcome_.tasks.back().questions = questions_for(QuestionSet::test, task);
      outcome_.tasks.back().paraphrased = questions_for(QuestionSet::paraphrase, task);
    }
    for (const Method& method : list_) {
      outcome_.behaviour.push_back({method.id, method.label, method.set, Statistic::mean,
                                    std::vector<std::optional<Cell>>(n)});
      if (!has_distance(method)) continue;
      add_weight_row("distance:" + method.id, method.label);
    }
    add_weight_row("distance:own_checkpoints", "the task's own checkpoints, one by one");
    add_weight_row("change:draws", "another draw of the right prompts");
    for (const Method& method : list_) {
      if (is_control(method.id)) add_weight_row("change:" + method.id, method.label);
    }
  }

  // From the task's own adapters, in the weights.
  bool has_distance(const Method& method) const {
    if (is_paraphrase(method) || method.id.starts_with("base") || method.id.starts_with("own")) {
      return false;
    }
    return method.id != "multi_task" || generator_.beside.joint_in_layout;
  }

  void add_weight_row(const std::string& id, const std::string& label) {
    row_of_[id] = outcome_.weights.size();
    outcome_.weights.push_back(
        {id, label, std::vector<std::optional<double>>(set_.held_out.size())});
  }

  void set_weight(const std::string& id, std::size_t task, double value) {
    outcome_.weights.at(row_of_.at(id)).tasks.at(task) = value;
  }

  void judge(std::size_t index) {
    std::map<std::string, Candidate> made;
    for (std::size_t m = 0; m < list_.size(); ++m) {
      progress(cat(generator_.name, ": tasks"), index * list_.size() + m,
               set_.held_out.size() * list_.size());
      const auto candidate = list_[m].make(index);
      if (!candidate) continue;
      ask(m, index, *candidate);
      if (!is_paraphrase(list_[m])) made[list_[m].id] = *candidate;
    }
    generated_.push_back(made.at("generated").adapters);
    measure_changes(index, made);
    if (!own_[index].empty()) measure_distances(index, made, own_[index]);
  }

  void ask(std::size_t method, std::size_t index, const Candidate& candidate) {
    if (answers_ == nullptr) return;
    const Questions asked = questions_for(list_[method].set, set_.held_out[index]);
    if (asked.empty()) return;
    const Asking asking = how(set_.held_out[index], list_[method].manner);
    Cell cell{{}, candidate.sources, asked.size()};
    for (const Weights& adapter : candidate.adapters) {
      cell.answers.push_back(answers_->ask(adapter, asked, asking));
      cell.draws.push_back(mean_worth(cell.answers.back(), asked, asking.scorer));
    }
    outcome_.behaviour[method].tasks[index] = std::move(cell);
  }

  void measure_changes(std::size_t index, const std::map<std::string, Candidate>& made) {
    const std::vector<Weights>& right = made.at("generated").adapters;
    if (right.size() > 1) {
      set_weight("change:draws", index,
                 mean_distance({right.begin() + 1, right.end()}, {right[0]}));
    }
    for (const auto& [id, candidate] : made) {
      if (is_control(id))
        set_weight("change:" + id, index, mean_distance(candidate.adapters, right));
    }
  }

  void measure_distances(std::size_t index, const std::map<std::string, Candidate>& made,
                         const std::vector<Weights>& own) {
    const Yardstick target(mean_update(own));
    for (const auto& [id, candidate] : made) {
      if (!row_of_.contains("distance:" + id)) continue;
      set_weight("distance:" + id, index, mean_distance(candidate.adapters, target));
    }
    if (own.size() > 1) set_weight("distance:own_checkpoints", index, own_spread(own));
  }

  Questions limited(const Questions& questions) const {
    return first_questions(questions, settings_.questions);
  }

  Questions questions_for(QuestionSet set, const tasks::Task& task) const {
    if (set == QuestionSet::test) return limited(task.test);
    return task.paraphrase ? limited(task.paraphrase->test) : Questions{};
  }

  // Rows without a single figure say nothing. The worst draw of `generated` is a row of its own.
  void drop_empty_rows() {
    const auto empty = [](const auto& row) {
      return std::all_of(row.tasks.begin(), row.tasks.end(),
                         [](const auto& cell) { return !cell.has_value(); });
    };
    std::erase_if(outcome_.weights, empty);
    std::erase_if(outcome_.behaviour, empty);
    for (std::size_t i = 0; i < outcome_.behaviour.size() && settings_.draws > 1; ++i) {
      if (outcome_.behaviour[i].id != "generated") continue;
      BehaviourRow worst = outcome_.behaviour[i];
      worst.statistic = Statistic::worst;
      worst.label += ": worst draw";
      for (std::optional<Cell>& cell : worst.tasks) {
        if (cell) cell->answers.clear();  // which the row before has
      }
      outcome_.behaviour.insert(outcome_.behaviour.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                worst);
      ++i;
    }
  }

  const tasks::TaskSet& set_;
  const TrainingAdapters& training_;
  const JudgedGenerator& generator_;
  Answers* answers_;
  const Settings& settings_;
  const OnProgress& on_progress_;
  OwnAdapters own_;
  Methods methods_;
  std::vector<Method> list_;
  Outcome outcome_;
  std::map<std::string, std::size_t> row_of_;    // of outcome_.weights
  std::vector<std::vector<Weights>> generated_;  // by task, draws of the right prompts
};

}  // namespace

std::vector<tasks::Question> first_questions(const std::vector<tasks::Question>& questions,
                                             std::size_t limit) {
  if (limit == 0 || questions.size() <= limit) return questions;
  return {questions.begin(), questions.begin() + static_cast<std::ptrdiff_t>(limit)};
}

Outcome evaluate(const tasks::TaskSet& set, const TrainingAdapters& training,
                 const JudgedGenerator& generator, Answers* answers, const Settings& settings,
                 const OnProgress& on_progress) {
  if (set.held_out.empty()) fail(ErrorKind::data, "eval: the task set has no held-out tasks");
  return Judge(set, training, generator, answers, settings, on_progress).run();
}

}  // namespace dnd::eval
