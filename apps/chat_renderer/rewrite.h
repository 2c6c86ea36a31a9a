// Turns the engine's syntax tree into one whose nodes mean what Jinja2 means by them.
#pragma once

#include "statements.h"

namespace dnd::renderer {

// The statements of the template, rewritten. `tokens` are what the program was parsed from. Constructs that
// are not supported are nodes that refuse when they are reached.
Body rewrite(jinja::program program, const jinja::lexer_result& tokens);

}  // namespace dnd::renderer
