#include "lm/run_tasks.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "lm/shared_prefixes.h"

namespace dnd::lm {
namespace {

// A node on its way: tokens go in from `fed` on.
struct Active {
  std::size_t node = 0;
  std::shared_ptr<Sequence> sequence;
  std::vector<std::int32_t> ids;  // of the sequence from its beginning
  std::int64_t fed = 0;
  std::int64_t wanted = 0;  // position of the first token whose logits are heard
  std::int64_t reach = 0;   // a length with the frequencies of the keys so far
  bool done = false;

  std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }
};

// Rows of wanted states of one sequence.
struct Heard {
  Active* active = nullptr;
  std::int64_t position = 0;
  std::int64_t rows = 0;
};

class Runner {
 public:
  Runner(const Transformer& model, std::span<const Task> tasks, const Hear& hear,
         const TaskLimits& limits)
      : model_(model), tasks_(tasks), hear_(hear), limits_(limits) {
    std::vector<SharableIds> sequences;
    for (const Task& task : tasks) sequences.push_back({task.ids, sharable(task)});
    nodes_ = share_prefixes(sequences);
    after_.resize(nodes_.size());
    whole_.resize(nodes_.size());
    waiting_.assign(nodes_.size(), 0);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].before == PrefixNode::kNone) {
        make_ready(i);
      } else {
        after_[nodes_[i].before].push_back(i);
        ++waiting_[nodes_[i].before];
      }
    }
  }

  void run() {
    admit();
    while (!active_.empty()) {
      pass();
      std::erase_if(active_, [](const auto& active) { return active->done; });
      admit();
    }
  }

 private:
  // Before the first token that is asked for; keys of a rope with two kinds of frequencies are shared only
  // among sequences that have the usual ones.
  std::int64_t sharable(const Task& task) const {
    const auto length = static_cast<std::int64_t>(task.ids.size());
    return limits_.share && model_.same_ropes(1, length) ? length - task.wanted : 0;
  }

  void make_ready(std::size_t node) {
    (nodes_[node].shared ? ready_shared_ : ready_own_).push_back(node);
  }

  std::int64_t pass_rows() const {
    return std::clamp<std::int64_t>(limits_.activation_bytes / model_.row_bytes(), 1, limits_.rows);
  }

  // -- What begins: sequences of tasks first, shared ones in half of the room.

  void admit() {
    begin_while_there_is_room(ready_own_, limits_.cache_bytes);
    begin_while_there_is_room(ready_shared_, limits_.cache_bytes / 2);
  }

  void begin_while_there_is_room(std::deque<std::size_t>& ready, std::int64_t most) {
    while (!ready.empty() && static_cast<std::int64_t>(active_.size()) < pass_rows()) {
      const std::int64_t bytes = cache_bytes(room(nodes_[ready.front()]));
      if (!active_.empty() && used_ + bytes > most) return;
      begin(ready.front());
      ready.pop_front();
    }
  }

  // Tokens of its own.
  std::int64_t room(const PrefixNode& node) const {
    return node.end - node.begin + (node.shared ? 0 : tasks_[node.sequence].more);
  }

  std::int64_t cache_bytes(std::int64_t tokens) const {
    return tokens * Sequence::token_bytes(model_.config());
  }

  // Counted as used as long as anyone has it.
  std::shared_ptr<Sequence> make_sequence(std::int64_t capacity,
                                          std::shared_ptr<const Sequence> before) {
    const std::int64_t bytes = cache_bytes(capacity);
    auto sequence = std::make_unique<Sequence>(model_.config(), capacity, std::move(before));
    used_ += bytes;
    return {sequence.release(), [this, bytes](const Sequence* gone) {
              used_ -= bytes;
              delete gone;
            }};
  }

  void begin(std::size_t index) {
    const PrefixNode& node = nodes_[index];
    const Task& task = tasks_[node.sequence];
    auto active = std::make_unique<Active>();
    active->node = index;
    active->ids.assign(task.ids.begin(), task.ids.begin() + node.end);
    active->fed = node.begin;
    active->reach = active->length();
    active->wanted = node.shared ? node.end : node.end - task.wanted;
    std::shared_ptr<const Sequence> before;
    if (node.before != PrefixNode::kNone) before = take(node.before);
    active->sequence = make_sequence(room(node), std::move(before));
    active_.push_back(std::move(active));
  }

  // A shared sequence for one of those after it; the last one lets it go.
  std::shared_ptr<const Sequence> take(std::size_t index) {
    if (--waiting_[index] > 0) return whole_[index];
    return std::move(whole_[index]);
  }

  // -- A pass.

  void pass() {
    for (const auto& active : active_) {
      if (!model_.same_ropes(active->reach, active->length())) begin_anew(*active);
    }
    std::vector<Step> steps;
    std::vector<Heard> heard;
    std::int64_t room = pass_rows();
    for (const auto& active : active_) {
      if (room == 0) break;
      const std::int64_t rows = std::min(room, active->length() - active->fed);
      const std::int64_t end = active->fed + rows;
      const std::int64_t first = std::clamp(active->wanted, active->fed, end);
      steps.push_back(
          {active->sequence.get(),
           std::span<const std::int32_t>(active->ids)
               .subspan(static_cast<std::size_t>(active->fed), static_cast<std::size_t>(rows)),
           end - first, active->length()});
      heard.push_back({active.get(), first, end - first});
      active->fed = end;
      room -= rows;
    }
    const at::Tensor states = model_.forward(steps);
    for (const Heard& some : heard) {
      if (nodes_[some.active->node].shared && some.active->fed == some.active->length()) {
        finish_shared(*some.active);
      }
    }
    std::erase_if(heard, [](const Heard& some) { return some.rows == 0; });
    hear_all(heard, states);
  }

  // Keys were turned by other frequencies than its length has now.
  void begin_anew(Active& active) {
    const Task& task = tasks_[nodes_[active.node].sequence];
    active.sequence =
        make_sequence(static_cast<std::int64_t>(task.ids.size()) + task.more, nullptr);
    active.fed = 0;
    active.reach = active.length();
  }

  void finish_shared(Active& active) {
    active.done = true;
    whole_[active.node] = std::move(active.sequence);
    for (const std::size_t node : after_[active.node]) make_ready(node);
  }

  // -- What is heard of it.

  void hear_all(std::span<const Heard> heard, const at::Tensor& states) {
    const std::int64_t row_bytes =
        model_.config().vocabulary * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t most = std::max<std::int64_t>(limits_.logit_bytes / row_bytes, 1);
    std::int64_t row = 0;
    std::vector<Heard> some;
    std::int64_t rows = 0;
    const auto hear = [&] {
      hear_some(some, model_.head(states.narrow(0, row, rows)));
      row += rows;
      rows = 0;
      some.clear();
    };
    for (Heard next : heard) {
      while (next.rows > 0) {
        const std::int64_t taken = std::min(next.rows, most - rows);
        some.push_back({next.active, next.position, taken});
        rows += taken;
        next.position += taken;
        next.rows -= taken;
        if (rows == most) hear();
      }
    }
    if (rows > 0) hear();
  }

  void hear_some(std::span<const Heard> heard, const at::Tensor& logits) {
    const auto width = static_cast<std::size_t>(logits.size(1));
    std::vector<const float*> rows;
    const float* row = logits.const_data_ptr<float>();
    for (const Heard& some : heard) {
      rows.push_back(row);
      row += some.rows * logits.size(1);
    }
    model_.workers().run(static_cast<std::int64_t>(heard.size()), [&](std::int64_t i) {
      const auto index = static_cast<std::size_t>(i);
      const Heard& some = heard[index];
      for (std::int64_t k = 0; k < some.rows; ++k) {
        const std::size_t task = nodes_[some.active->node].sequence;
        const std::span<const float> values(rows[index] + k * logits.size(1), width);
        const auto next = hear_(task, some.position + k, values);
        if (some.position + k + 1 == some.active->length()) go_on(*some.active, next);
      }
    });
  }

  void go_on(Active& active, std::optional<std::int32_t> next) const {
    const Task& task = tasks_[nodes_[active.node].sequence];
    const std::int64_t most = static_cast<std::int64_t>(task.ids.size()) + task.more;
    active.done = !next || active.length() >= most;
    if (active.done) return;
    active.ids.push_back(*next);
    active.wanted = active.length() - 1;
    active.done = active.length() == most;
  }

  const Transformer& model_;
  std::span<const Task> tasks_;
  const Hear& hear_;
  TaskLimits limits_;
  std::int64_t used_ = 0;  // bytes of all caches; outlives the sequences
  std::vector<PrefixNode> nodes_;
  std::vector<std::vector<std::size_t>> after_;  // of each node
  std::vector<std::size_t> waiting_;             // of each node: those after it that have not begun
  std::vector<std::shared_ptr<const Sequence>> whole_;  // shared ones that are computed
  std::deque<std::size_t> ready_own_, ready_shared_;
  std::vector<std::unique_ptr<Active>> active_;
};

}  // namespace

void run_tasks(const Transformer& model, std::span<const Task> tasks, const Hear& hear,
               const TaskLimits& limits) {
  Runner(model, tasks, hear, limits).run();
}

}  // namespace dnd::lm
