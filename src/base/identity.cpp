#include "base/identity.h"

#include "base/json.h"
#include "base/strings.h"

namespace dnd {

void require_same_identity(const std::string& saved, const std::string& wanted,
                           const std::string& who, const std::string& what) {
  if (saved == wanted) return;
  const Json before = parse_json(saved, who + ": identity");
  const Json now = parse_json(wanted, "identity");
  std::string differences;
  for (const auto& [key, value] : now.items()) {
    const auto found = before.find(key);
    if (found != before.end() && *found == value) continue;
    const std::string old = found == before.end() ? "nothing" : json_line(*found);
    differences +=
        cat("\n  ", key, ": ", printable(old), " there, ", printable(json_line(value)), " here");
  }
  fail(ErrorKind::data, who, ": was saved by another ", what,
       ", which cannot be resumed by this one:", differences);
}

}  // namespace dnd
