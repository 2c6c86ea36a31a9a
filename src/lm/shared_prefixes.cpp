#include "lm/shared_prefixes.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace dnd::lm {
namespace {

// Sequences, sorted by their ids, that share `depth` tokens, which `node` and those before it hold.
struct Branch {
  std::vector<std::size_t> sequences;
  std::size_t node = PrefixNode::kNone;
  std::int64_t depth = 0;
};

class Builder {
 public:
  Builder(std::span<const SharableIds> sequences, std::int64_t least)
      : sequences_(sequences), least_(least) {}

  std::vector<PrefixNode> build() {
    Branch all;
    all.sequences.resize(sequences_.size());
    std::iota(all.sequences.begin(), all.sequences.end(), std::size_t{0});
    std::stable_sort(all.sequences.begin(), all.sequences.end(), [&](std::size_t a, std::size_t b) {
      const auto first = sequences_[a].ids;
      const auto second = sequences_[b].ids;
      return std::lexicographical_compare(first.begin(), first.end(), second.begin(), second.end());
    });
    open_.push_back(std::move(all));
    while (!open_.empty()) {
      const Branch branch = std::move(open_.back());
      open_.pop_back();
      split(branch);
    }
    return std::move(nodes_);
  }

 private:
  // How many tokens both may share.
  std::int64_t common(std::size_t a, std::size_t b) const {
    const std::int64_t most = std::min(sequences_[a].sharable, sequences_[b].sharable);
    const auto first = sequences_[a].ids.first(static_cast<std::size_t>(most));
    const auto second = sequences_[b].ids.first(static_cast<std::size_t>(most));
    return std::mismatch(first.begin(), first.end(), second.begin(), second.end()).first -
           first.begin();
  }

  void add_own(std::size_t sequence, const Branch& branch) {
    nodes_.push_back({branch.node, sequence, branch.depth,
                      static_cast<std::int64_t>(sequences_[sequence].ids.size()), false});
  }

  // Runs of neighbours that have enough more in common get a node, the others' rests are their own.
  void split(const Branch& branch) {
    std::vector<Branch> runs;
    std::size_t last = PrefixNode::kNone;
    for (const std::size_t sequence : branch.sequences) {
      if (sequences_[sequence].sharable < branch.depth + least_) {
        add_own(sequence, branch);
        continue;
      }
      const std::int64_t shared = last == PrefixNode::kNone ? 0 : common(last, sequence);
      if (runs.empty() || shared < branch.depth + least_) {
        runs.push_back({{}, branch.node, sequences_[sequence].sharable});
      } else {
        runs.back().depth = std::min(runs.back().depth, shared);
      }
      runs.back().sequences.push_back(sequence);
      last = sequence;
    }
    for (const Branch& run : runs) {
      if (run.sequences.size() == 1) add_own(run.sequences.front(), branch);
    }
    std::erase_if(runs, [](const Branch& run) { return run.sequences.size() == 1; });
    for (Branch& run : runs) {
      nodes_.push_back({branch.node, run.sequences.front(), branch.depth, run.depth, true});
      run.node = nodes_.size() - 1;
      open_.push_back(std::move(run));
    }
  }

  std::span<const SharableIds> sequences_;
  std::int64_t least_;
  std::vector<PrefixNode> nodes_;
  std::vector<Branch> open_;
};

}  // namespace

std::vector<PrefixNode> share_prefixes(std::span<const SharableIds> sequences, std::int64_t least) {
  return Builder(sequences, least).build();
}

}  // namespace dnd::lm
