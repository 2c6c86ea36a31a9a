// The normalizer "Precompiled": SentencePiece's normalisation rules, as the reference follows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normal_forms.h"

namespace dnd::tokenizer {

class Precompiled {
 public:
  // `rules`: the bytes of precompiled_charsmap. `who` begins messages. Throws Error(data).
  Precompiled(std::string_view rules, const std::string& who);

  // False: the text stays as it is. Short grapheme clusters are looked up as one, the others by code points;
  // in both cases the shortest entry that begins the part replaces all of it.
  bool normalize(std::string_view text, std::vector<ChangedPoint>& changed) const;
  // Certain to change nothing: cheap.
  bool keeps(std::string_view text) const;

 private:
  std::optional<std::string_view> find(std::string_view part) const;
  bool normalize_cluster(std::string_view cluster, std::vector<ChangedPoint>& changed) const;

  std::vector<std::uint32_t> units_;
  std::string texts_;
  bool keeps_ascii_[128] = {};
};

// The end of the extended grapheme cluster that begins at `begin` of `text` (well-formed UTF-8).
std::size_t cluster_end(std::string_view text, std::size_t begin);

}  // namespace dnd::tokenizer
