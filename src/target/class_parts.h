// What a model's class in transformers has beside linear layers, by the names that the class gives it.
//
// Norms and embeddings are in a checkpoint; activations, dropouts and rotary tables are not, so their names
// are of the classes that are known here (modeling_*.py of transformers 5.23 and 4.57).
#pragma once

#include <string>
#include <vector>

#include "target/base_model.h"
#include "target/class_names.h"

namespace dnd::target {

struct ClassPart {
  std::string path;
  bool has_tensors = true;
  // An embedding or a convolution, into which PEFT can put matrices; it refuses the others.
  bool takes_matrices = false;
};

// Those that `base` tells, and those of its class beside its linear layers; none twice.
std::vector<ClassPart> class_parts(const BaseModel& base, Transformers release = Transformers::v5);

}  // namespace dnd::target
