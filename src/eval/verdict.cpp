#include "eval/verdict.h"

#include "base/strings.h"

namespace dnd::eval {
namespace {

// "4.0 times as much"
std::string times_as_much(const Spread& spread) {
  return cat(fixed_digits(spread.between / spread.within, 1), " times as much");
}

std::string told_apart(const Spread& spread) {
  const std::string begins = "The generator tells tasks apart: ";
  if (!(spread.within > 0.0)) return begins + "each task gets an adapter of its own.";
  return cat(begins, "adapters of different tasks differ ", times_as_much(spread),
             " as those of one task.");
}

std::string collapsed(const Outcome& outcome) {
  const Spread& spread = outcome.generated;
  const double own = between_own(outcome);
  const double of = own > 0.0 ? own : spread.size;
  const std::string share =
      of > 0.0 ? cat(" (tasks lie apart by ", fixed_digits(100.0 * spread.between / of, 1),
                     " % of ", own > 0.0 ? "what their own adapters do)" : "the adapters' size)")
               : "";
  return cat(
      "The generator has collapsed: every task gets nearly the same adapter, whatever its prompts "
      "say",
      share, ".");
}

}  // namespace

const char* separation_name(Separation separation) {
  switch (separation) {
    case Separation::clear:
      return "told apart";
    case Separation::weak:
      return "hardly told apart";
    case Separation::none:
      return "not told apart";
    case Separation::collapsed:
      return "collapsed";
    case Separation::unknown:
      break;
  }
  return nullptr;
}

std::string verdict_of(const Outcome& outcome) {
  const Spread& spread = outcome.generated;
  switch (separation_of(outcome)) {
    case Separation::clear:
      return told_apart(spread);
    case Separation::weak:
      return cat("The generator hardly tells tasks apart: adapters of different tasks differ only ",
                 times_as_much(spread), " as those of one task.");
    case Separation::none:
      return "The generator does not tell tasks apart: adapters of one task differ as much as "
             "those of "
             "different tasks, by which of the task's prompts are drawn.";
    case Separation::collapsed:
      return collapsed(outcome);
    case Separation::unknown:
      break;
  }
  return spread.tasks > 1 && spread.alone ? "Whether the generator tells tasks apart is not known "
                                            "from one draw of prompts (--draws)."
                                          : "";
}

}  // namespace dnd::eval
