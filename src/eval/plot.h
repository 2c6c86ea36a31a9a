// The behaviour table as a picture.
#pragma once

#include <string>

#include "eval/results.h"

namespace dnd::eval {

// A panel for each group side by side, a line for each method: a dot at the mean, a bar over its
// interval (cut at 0 and 100 %), on a scale from 0 to 100 %. The generator's own rows stand out. A
// complete SVG 1.1 document; names in it are escaped. "" where behaviour was not judged.
std::string behaviour_svg(const Outcome& outcome);

// Text for XML: & < > " ' replaced, control characters and invalid UTF-8 escaped.
std::string xml_text(const std::string& text);

}  // namespace dnd::eval
