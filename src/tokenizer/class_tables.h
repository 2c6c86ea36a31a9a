// Which classes transformers has, and for which model types: data of transformers 5.23.
#pragma once

#include <span>
#include <string_view>

namespace dnd::tokenizer {

struct RegisteredClass {
  std::string_view name;
  std::string_view types;  // of models, parted by spaces
};

extern const std::span<const RegisteredClass> kRegisteredClasses;
// Types whose folders name a class that is wrong: the registered one counts. Parted by spaces.
extern const std::string_view kMistakenTypes;
// Classes that have rules of their own, beside those that are rebuilt here. Parted by spaces.
extern const std::string_view kOtherClasses;

}  // namespace dnd::tokenizer
