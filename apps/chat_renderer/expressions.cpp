#include "expressions.h"

#include <set>

#include "operations.h"

namespace dnd::renderer {

value Node::execute_impl(context& scope) const {
  try {
    return evaluate(scope);
  } catch (Refusal& refusal) {
    if (refusal.position == kNowhere) refusal.position = pos;
    throw;
  }
}

Arguments ArgumentNodes::evaluate(context& scope) const {
  Arguments out;
  for (const Child& child : positional) out.positional.push_back(child->execute(scope));
  for (const auto& [name, child] : named) out.named.emplace_back(name, child->execute(scope));
  return out;
}

value Variable::evaluate(context& scope) const {
  value held = scope.get_val(name);
  static const std::set<std::string> unknown = {"caller", "cycler", "joiner", "kwargs",
                                                "lipsum", "self",   "super",  "varargs"};
  if (held->is_undefined() && unknown.count(name) > 0) refuse("'" + name + "'");
  return held;
}

value Printed::evaluate(context& scope) const {
  return make_text(printed(operand->execute(scope)));
}

value Operation::evaluate(context& scope) const {
  value first = left->execute(scope);
  if (name == "and") return truth(first) ? right->execute(scope) : first;
  if (name == "or") return truth(first) ? first : right->execute(scope);
  return apply_operator(name, first, right->execute(scope));
}

value Attribute::evaluate(context& scope) const {
  return attribute_of(object->execute(scope), name);
}

value Item::evaluate(context& scope) const {
  const value held = object->execute(scope);
  return item_of(held, key->execute(scope));
}

value Slice::evaluate(context& scope) const {
  const auto bound = [&](const Child& child) -> value {
    return child == nullptr ? nullptr : child->execute(scope);
  };
  const value held = object->execute(scope);
  return slice_of(held, bound(start), bound(stop), bound(step));
}

value Call::evaluate(context& scope) const {
  const value object = callee->execute(scope);
  const Arguments given = arguments.evaluate(scope);
  const auto call = [&](const value& function) {
    const auto* callable = dynamic_cast<const Callable*>(function.get());
    if (callable == nullptr) refuse("a call of " + name_of_type(function));
    return callable->body(given, scope);
  };
  if (method.empty()) return call(object);
  // A macro kept in a namespace is called, any other object's method.
  if (object->type() == "namespace") return call(attribute_of(object, method));
  return call_method(object, method, given);
}

value Filtered::evaluate(context& scope) const {
  const value input = operand->execute(scope);
  return apply_filter(name, input, arguments.evaluate(scope), scope);
}

value Tested::evaluate(context& scope) const {
  const value input = operand->execute(scope);
  return make_bool(apply_test(name, input, arguments.evaluate(scope)) != negated);
}

}  // namespace dnd::renderer
