// What PEFT makes of a folder on a base: which of the stored matrices act, and why the others do not.
//
// Source: PeftModel.from_pretrained() of peft 0.21.2 with transformers 5.23, and of 0.17.1 with 4.57.6, on
// the class that the base's config.json names (tests/interop/test_verdicts.py holds it against both).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/lora.h"
#include "target/base_model.h"

namespace dnd::adapter {

enum class PeftFate {
  acts,
  lost,          // no module of the class has the name: passed over
  not_targeted,  // the configuration puts no matrices there: passed over
};

struct PairInPeft {
  PeftFate fate = PeftFate::lost;
  const target::Linear* linear =
      nullptr;         // of the base; nullptr where lost, and a head not described
  std::string module;  // as the class calls it; empty where lost
};

// How the refusal of a shape begins.
inline constexpr std::string_view kPeftMisfit = "size mismatch";

struct PeftOutcome {
  std::vector<PairInPeft> pairs;  // one for each of the adapter's
  std::size_t others = 0;         // of LoraAdapter::others those that the class has a place for
  std::string refusal;            // why loading stops; empty where it does not

  std::size_t count(PeftFate fate) const;
};

// `adapter` is of a PEFT folder (adapter.peft is set); `base` must outlive the result.
PeftOutcome peft_outcome(const LoraAdapter& adapter, const target::BaseModel& base,
                         PeftRelease release = PeftRelease::v0_21);

// Whether PEFT finds stored names without knowing the base: whether they begin with "base_model.model.".
bool has_peft_prefix(const LoraPair& pair);

// Keeps of an adapter from a PEFT folder what acts, under the base's names; returns the keys of what is left
// out. Modules that the base has by no name stay, as do other adapters, for whoever applies them to refuse.
// Throws Error(data) where nothing acts or loading stops (but for a shape); `who` begins the message.
std::vector<std::string> keep_what_acts(LoraAdapter& adapter, const target::BaseModel& base,
                                        const std::string& who);

// As keep_what_acts(), but modules whose stored name PEFT would not find get the base's: for writing them
// anew. `renamed` gets how many.
std::vector<std::string> adopt_names(LoraAdapter& adapter, const target::BaseModel& base,
                                     std::size_t& renamed);

}  // namespace dnd::adapter
