// Will an adapter load, and will it act? What is checked, and what each runtime will make of it.
//
// Many runtimes drop what they do not recognise without a word: a wrong prefix, a missing layer or a
// zero B gives a model that runs and is the base model. These checks find that before.
//
// Goals: every problem named with its place and reason, none found by running a model (what running
// one tells is in compare_logits.h). Non-goals: whether the adapter is any good (that takes questions
// and answers).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/lora.h"
#include "adapter/update_norms.h"
#include "target/base_model.h"

namespace dnd::verify {

enum class Severity {
  error,    // it will not load, or not do what it was made for
  warning,  // it may, but something is unusual
};

struct Finding {
  Severity severity = Severity::error;
  std::string check;    // "finite", "zero", "scale", "base", "modules", "shapes", ...
  std::string message;  // what, where, how many, likely cause
};

enum class Verdict {
  loads,    // and acts, all of it
  partly,   // loads, and some of its modules act
  ignores,  // loads without acting, or otherwise than it was meant
  refuses,
};

// What one release does, where releases that are in use differ.
struct ReleaseVerdict {
  std::string release;  // e.g. "PEFT 0.17, transformers 4.57"
  Verdict verdict = Verdict::loads;
  std::string why;
};

// What one runtime does with this file as it is.
struct RuntimeVerdict {
  std::string runtime;  // e.g. "vLLM"
  Verdict verdict = Verdict::loads;
  std::string why;  // the reason, or what the runtime needs to be told; may be empty
  std::vector<ReleaseVerdict>
      releases;  // each that is judged; the first is the verdict's. Mostly empty
};

struct Report {
  std::vector<Finding> findings;
  std::vector<RuntimeVerdict> runtimes;

  bool has_errors() const;
};

// What the adapter is held against; absent parts are not checked. Pointers must outlive the call.
struct Against {
  const target::BaseModel* base = nullptr;
  const adapter::UpdateNorms* norms = nullptr;
  bool partial = false;  // the adapter is meant to cover some layers only
};

Report verify(const adapter::LoraAdapter& adapter, const Against& against);

// The parts of verify().
std::vector<Finding> find_problems(const adapter::LoraAdapter& adapter, const Against& against);
// For whoever goes on with the adapter: throws Error(data) for the first error of find_problems(), which may
// be partial. `base`: nullptr where it is not known. `who` begins the message.
void require_sound(const adapter::LoraAdapter& adapter, const target::BaseModel* base,
                   const std::string& who);
std::vector<RuntimeVerdict> judge_runtimes(const adapter::LoraAdapter& adapter,
                                           const Against& against);

// Layers of the base of the kinds that are adapted in some block: those left out, of how many.
struct Coverage {
  std::vector<std::string> missing;
  std::size_t expected = 0;
};
Coverage coverage_of(const adapter::LoraAdapter& adapter, const target::BaseModel& base);

// Output heads and input embeddings, which are no linear layers of a BaseModel.
bool is_head(std::string_view module);

std::string_view verdict_name(Verdict verdict);  // "loads", ...

// The linear layers that a layout adapts, as a base model: for adapters just made from it.
target::BaseModel base_of_layout(const adapter::AdapterLayout& layout);

}  // namespace dnd::verify
