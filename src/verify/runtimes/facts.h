// What the runtimes' rules ask about an adapter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "adapter/peft_rule.h"
#include "verify/verify.h"

namespace dnd::verify {

struct Facts {
  std::int64_t rank = 0;  // the largest
  bool mixed_ranks = false;
  bool mixed_scales = false;
  bool scaled_away = false;  // there are pairs, and the scale of each is 0
  bool dora = false;
  bool fits = true;     // every module is in the base with its shape, or there is no base to ask
  bool known = true;    // every module is in the base
  bool uneven = false;  // some block lacks a kind that others have
  std::string
      named;  // first key that has an adapter's name in it ("...lora_A.default.weight"); else empty
  std::string bare;                          // first key without "base_model.model."; else empty
  std::optional<adapter::PeftOutcome> peft;  // of a folder held against a base
  std::optional<adapter::PeftOutcome> older_peft;  // the same of PEFT 0.17
};

Facts collect_facts(const adapter::LoraAdapter& adapter, const Against& against);

RuntimeVerdict refuses(const char* runtime, std::string why);
RuntimeVerdict ignores(const char* runtime, std::string why);
RuntimeVerdict loads(const char* runtime, std::string why = "");
// Of `count` modules `acting` act: loads, partly or ignores; `why` tells of those that do not.
RuntimeVerdict acts_in_part(const char* runtime, std::size_t acting, std::size_t count,
                            const std::string& why);
// What one of the releases does that a verdict tells apart.
ReleaseVerdict of_release(const char* release, const RuntimeVerdict& verdict);

}  // namespace dnd::verify
