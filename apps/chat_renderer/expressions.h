// Nodes that stand in the syntax tree in the place of the engine's, where Jinja2 as transformers sets it up
// means something else by them. They own their operands.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine.h"
#include "values.h"

namespace dnd::renderer {

using Child = jinja::statement_ptr;

// Gives a Refusal from below its place.
struct Node : jinja::expression {
  explicit Node(std::size_t position) { pos = position; }
  value execute_impl(context& scope) const final;
  virtual value evaluate(context& scope) const = 0;
};

// Arguments of a call, a filter or a test, not yet evaluated.
struct ArgumentNodes {
  std::vector<Child> positional;
  std::vector<std::pair<std::string, Child>> named;

  Arguments evaluate(context& scope) const;
};

// A variable.
struct Variable : Node {
  Variable(std::size_t position, std::string its_name)
      : Node(position), name(std::move(its_name)) {}
  value evaluate(context& scope) const override;
  std::string name;
};

// What `{{ }}` writes.
struct Printed : Node {
  Printed(std::size_t position, Child its_operand)
      : Node(position), operand(std::move(its_operand)) {}
  value evaluate(context& scope) const override;
  Child operand;
};

struct Operation : Node {
  Operation(std::size_t position, std::string its_name, Child its_left, Child its_right)
      : Node(position),
        name(std::move(its_name)),
        left(std::move(its_left)),
        right(std::move(its_right)) {}
  value evaluate(context& scope) const override;
  std::string name;
  Child left, right;
};

// object.name
struct Attribute : Node {
  Attribute(std::size_t position, Child its_object, std::string its_name)
      : Node(position), object(std::move(its_object)), name(std::move(its_name)) {}
  value evaluate(context& scope) const override;
  Child object;
  std::string name;
};

// object[key]
struct Item : Node {
  Item(std::size_t position, Child its_object, Child its_key)
      : Node(position), object(std::move(its_object)), key(std::move(its_key)) {}
  value evaluate(context& scope) const override;
  Child object, key;
};

// object[start:stop:step]; null where left out.
struct Slice : Node {
  Slice(std::size_t position, Child its_object, Child its_start, Child its_stop, Child its_step)
      : Node(position),
        object(std::move(its_object)),
        start(std::move(its_start)),
        stop(std::move(its_stop)),
        step(std::move(its_step)) {}
  value evaluate(context& scope) const override;
  Child object, start, stop, step;
};

// callee(...), or where `method` is not empty callee.method(...)
struct Call : Node {
  Call(std::size_t position, Child its_callee, std::string its_method, ArgumentNodes its_arguments)
      : Node(position),
        callee(std::move(its_callee)),
        method(std::move(its_method)),
        arguments(std::move(its_arguments)) {}
  value evaluate(context& scope) const override;
  Child callee;
  std::string method;
  ArgumentNodes arguments;
};

struct Filtered : Node {
  Filtered(std::size_t position, Child its_operand, std::string its_name,
           ArgumentNodes its_arguments)
      : Node(position),
        operand(std::move(its_operand)),
        name(std::move(its_name)),
        arguments(std::move(its_arguments)) {}
  value evaluate(context& scope) const override;
  Child operand;
  std::string name;
  ArgumentNodes arguments;
};

struct Tested : Node {
  Tested(std::size_t position, Child its_operand, bool is_negated, std::string its_name,
         ArgumentNodes its_arguments)
      : Node(position),
        operand(std::move(its_operand)),
        negated(is_negated),
        name(std::move(its_name)),
        arguments(std::move(its_arguments)) {}
  value evaluate(context& scope) const override;
  Child operand;
  bool negated;
  std::string name;
  ArgumentNodes arguments;
};

// A construct that is refused where the template comes to it; `what` names it.
struct Refused : Node {
  Refused(std::size_t position, std::string its_what) : Node(position), what(std::move(its_what)) {}
  value evaluate(context&) const override { refuse(what); }
  std::string what;
};

}  // namespace dnd::renderer
