// A generator as an evaluation uses it: any prompts, in any order, no adapter decoded twice.
#pragma once

#include <string>

#include "eval/methods.h"
#include "generate/session.h"

namespace dnd::eval {

// Refers to both, which must outlive it. Of adapters up to 1 GiB is kept, by prompts. The session must have
// been made for embeddings.
JudgedGenerator judged_generator(generate::Session& session, const generate::Generator& generator,
                                 const std::string& name);

}  // namespace dnd::eval
