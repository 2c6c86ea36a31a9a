// White space around tags, where Jinja2 means Unicode's and the engine ASCII's.
#pragma once

#include "engine.h"

namespace dnd::renderer {

// Takes from the texts between tags what `-` in a tag, and a tag alone at the beginning of a line, take in
// Jinja2 and the engine left.
void strip_white_space(jinja::lexer_result& lexed);

}  // namespace dnd::renderer
