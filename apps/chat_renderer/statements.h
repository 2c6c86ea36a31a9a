// Statements that stand in the syntax tree in the place of the engine's: with Jinja2's scopes, and keeping
// what was written before a `break` or `continue`. Each gives the text that it writes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "expressions.h"

namespace dnd::renderer {

using Body = jinja::statements;

// The text that `body` writes.
std::string run(const Body& body, context& scope);

// How `break` and `continue` leave: with the text written since the loop's turn began. Not a
// std::exception.
struct LoopExit {
  bool is_break;
  std::string text;
};

struct LeaveLoop : Node {
  LeaveLoop(std::size_t position, bool breaks) : Node(position), is_break(breaks) {}
  value evaluate(context&) const override { throw LoopExit{is_break, {}}; }
  bool is_break;
};

struct If : Node {
  If(std::size_t position, Child its_test, Body its_body, Body its_other)
      : Node(position),
        test(std::move(its_test)),
        body(std::move(its_body)),
        other(std::move(its_other)) {}
  value evaluate(context& scope) const override;
  Child test;
  Body body, other;
};

struct For : Node {
  For(std::size_t position, std::vector<std::string> its_names, Child its_iterable, Child its_test,
      Body its_body, Body its_other)
      : Node(position),
        names(std::move(its_names)),
        iterable(std::move(its_iterable)),
        test(std::move(its_test)),
        body(std::move(its_body)),
        other(std::move(its_other)) {}
  value evaluate(context& scope) const override;

  std::vector<std::string> names;  // several: each item is taken apart
  Child iterable;
  Child test;  // null: every item
  Body body, other;

 private:
  void bind(const value& item, context& scope) const;
  std::vector<value> chosen(context& scope) const;
};

// {% set names = expression %}, or where there is none the text of the body.
struct Assign : Node {
  Assign(std::size_t position, std::vector<std::string> its_names, Child its_expression,
         Body its_body)
      : Node(position),
        names(std::move(its_names)),
        expression(std::move(its_expression)),
        body(std::move(its_body)) {}
  value evaluate(context& scope) const override;
  std::vector<std::string> names;
  Child expression;
  Body body;
};

// {% set object.name = ... %}
struct AssignMember : Node {
  AssignMember(std::size_t position, Child its_object, std::string its_name, Child its_expression,
               Body its_body)
      : Node(position),
        object(std::move(its_object)),
        name(std::move(its_name)),
        expression(std::move(its_expression)),
        body(std::move(its_body)) {}
  value evaluate(context& scope) const override;
  Child object;
  std::string name;
  Child expression;
  Body body;
};

// A body with a scope of its own, through a filter: {% filter %}; or through none: {% generation %}.
struct Block : Node {
  Block(std::size_t position, std::string its_filter, ArgumentNodes its_arguments, Body its_body)
      : Node(position),
        filter(std::move(its_filter)),
        arguments(std::move(its_arguments)),
        body(std::move(its_body)) {}
  value evaluate(context& scope) const override;
  std::string filter;  // "": none
  ArgumentNodes arguments;
  Body body;
};

// Defines a macro. It sees the variables of the template, not of where it is called; so it must be defined
// where those are (rewrite.h sees to it).
struct DefineMacro : Node {
  struct Parameter {
    std::string name;
    Child otherwise;  // null: undefined
  };
  DefineMacro(std::size_t position, std::string its_name, std::vector<Parameter> its_parameters,
              Body its_body)
      : Node(position),
        name(std::move(its_name)),
        parameters(std::move(its_parameters)),
        body(std::move(its_body)) {}
  value evaluate(context& scope) const override;
  std::string name;
  std::vector<Parameter> parameters;
  Body body;

 private:
  value call(const Arguments& arguments, context& globals) const;
};

}  // namespace dnd::renderer
