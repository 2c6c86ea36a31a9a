// The door to llama.cpp's Jinja engine (scripts/setup_jinja.sh): lexer, parser, syntax tree, values, scopes
// and the evaluation of what is alike in Jinja2. Where the engine departs from Jinja2 as transformers sets
// it up, rewrite.h puts other nodes into the tree.
#pragma once

#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <jinja/value.h>

#include <cstddef>
#include <string>

namespace dnd::renderer {

using jinja::context;
using jinja::value;

inline constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// A construct, or a use of one, that is not what the reference does, or that the reference refuses too. Not
// a std::exception: the engine wraps those in texts of its own.
struct Refusal {
  std::string what;
  std::size_t position = kNowhere;  // in the source; the innermost node tells it
};

[[noreturn]] inline void refuse(std::string what) { throw Refusal{std::move(what)}; }

// The template called raise_exception.
struct Raised {
  std::string message;
};

}  // namespace dnd::renderer
