#include <algorithm>

#include "base/strings.h"
#include "verify/verify.h"

namespace dnd::verify {

void require_sound(const adapter::LoraAdapter& adapter, const target::BaseModel* base,
                   const std::string& who) {
  const std::vector<Finding> findings = find_problems(adapter, {base, nullptr, /*partial=*/true});
  const auto error = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Severity::error;
  });
  if (error == findings.end()) return;
  const std::string against = base == nullptr ? "" : cat(" --base ", base->source);
  fail(ErrorKind::data, who, ": ", error->message, " (dnd verify", against, " says all of it)");
}

}  // namespace dnd::verify
