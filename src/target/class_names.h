// What a model's class in transformers calls its modules.
//
// A checkpoint may use other names: those of an earlier version, or those of the part without its head.
// Loading turns them into the class's; adapters are made and looked up by the class's names alone.
//
// Sources: conversion_mapping.py and modeling_*.py of transformers 5.23, _checkpoint_conversion_mapping of
// 4.57, base_model_prefix of both.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "target/base_model.h"

namespace dnd::target {

// Releases of transformers whose classes call modules differently.
enum class Transformers { v4_57, v5 };

// A linear layer by the name that the class gives it.
struct ClassModule {
  std::string path;
  const Linear* linear = nullptr;  // of the BaseModel
  bool is_head = false;
};

// What the class calls its output head, which may share the embedding's weight; empty for classes without.
std::string head_path(std::string_view architecture);

// All linear layers, experts and the output head of `base`, which must outlive the result. Where the
// class is not known, by the checkpoint's names.
std::vector<ClassModule> class_modules(const BaseModel& base,
                                       Transformers release = Transformers::v5);

// `path`, a checkpoint's name, as the class `architecture` calls it; `path` itself where no rule is known.
std::string class_path(std::string_view architecture, std::string_view path,
                       Transformers release = Transformers::v5);

// The same for a module of `base`, whose checkpoint may leave out what the class puts before its names.
class ClassPaths {
 public:
  ClassPaths(const BaseModel& base, Transformers release);
  std::string of(std::string_view path) const;

 private:
  std::string architecture_;
  std::string prefix_;
  Transformers release_;
};

// `path`, a checkpoint's name, as mlx-lm calls the module.
std::string mlx_path(std::string_view architecture, std::string_view path);

// What PEFT does with the names in an adapter for such a class before it looks them up: 0.21 with
// transformers 5, 0.17 with 4.57.
enum class AdapterNames {
  as_stored,
  converted,  // as a checkpoint's: "base_model.model." may be absent, and earlier names are turned
  converted_below,  // the same, but a name that does not begin with "base_model." stops loading
};
AdapterNames adapter_names(std::string_view architecture, Transformers release = Transformers::v5);

// How transformers 5 keeps the experts of a mixture: as one parameter each for gate and up and for down,
// which PEFT 0.21 fills from the experts' matrices; the router is no linear layer. `gate` is empty for other
// classes, and of 4.57, where every expert's matrices are linear layers, and so is the router.
struct FusedExperts {
  std::string_view gate;  // "gate_proj", "w1"
  std::string_view up;
  std::string_view down;
  bool targets_turned =
      true;  // PEFT turns target_modules too; else nothing of the experts is adapted
  std::string_view router = "gate";
};
FusedExperts fused_experts(std::string_view architecture, Transformers release = Transformers::v5);

// The class without a head on top ("BertModel"), which cannot generate.
bool is_bare_class(std::string_view architecture);

}  // namespace dnd::target
