// Whether a generator tells tasks apart, in words.
#pragma once

#include <string>

#include "eval/results.h"

namespace dnd::eval {

// For programs: "told apart", "hardly told apart", "not told apart" or "collapsed"; nullptr where it is
// unknown.
const char* separation_name(Separation separation);

// For people, with the figures that it rests on; empty where it is unknown.
std::string verdict_of(const Outcome& outcome);

}  // namespace dnd::eval
