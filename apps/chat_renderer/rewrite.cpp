#include "rewrite.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dnd::renderer {
namespace {

template <typename T, typename... Parts>
Child make(const jinja::statement& replaced, Parts&&... parts) {
  return std::make_unique<T>(replaced.pos, std::forward<Parts>(parts)...);
}

template <typename T>
T* as(const Child& node) {
  return dynamic_cast<T*>(node.get());
}

class Rewriter {
 public:
  explicit Rewriter(const jinja::lexer_result& tokens) : tokens_(tokens) {}

  Body body(Body nodes);

 private:
  // Each takes a node of the engine and gives what stands in its place.
  Child statement(Child node);
  Child expression(Child node);
  Child operation(Child node);  // the expressions with operands
  Child call(Child node);
  Child member(Child node);
  Child literal(Child node);
  Child loop(jinja::for_statement& node);
  Child assignment(jinja::set_statement& node);
  Child macro(jinja::macro_statement& node);
  // From the generation tag at `at` to its end; moves `at` there.
  Child generation(Body& nodes, std::size_t& at);

  Child optional(Child node) { return node == nullptr ? nullptr : expression(std::move(node)); }
  Child leave(const jinja::statement& node, bool is_break);
  // The body of a scope of its own; and of one that is a function in Jinja2.
  Body inner(Body nodes);
  Body closed(Body nodes);
  ArgumentNodes arguments(Body nodes);
  // The name and arguments of a filter or test; false if it is neither.
  bool named_call(Child& node, std::string& name, ArgumentNodes& given);
  // Whether a parenthesis ends between two operators.
  bool is_closed_between(std::size_t first, std::size_t second) const;
  bool is_tag(const Child& node, std::string_view name) const;

  const jinja::lexer_result& tokens_;
  int depth_ = 0;  // scopes around the node
  int loops_ = 0;  // loops around it that `break` and `continue` may leave
};

bool Rewriter::is_tag(const Child& node, std::string_view name) const {
  return as<jinja::noop_statement>(node) != nullptr &&
         tokens_.source.compare(node->pos, name.size(), name) == 0;
}

bool Rewriter::is_closed_between(std::size_t first, std::size_t second) const {
  using jinja::token;
  int open = 0;
  for (const token& each : tokens_.tokens) {
    if (each.pos <= first || each.pos >= second) continue;
    if (each.t == token::open_paren || each.t == token::open_square_bracket ||
        each.t == token::open_curly_bracket)
      ++open;
    if (each.t == token::close_paren || each.t == token::close_square_bracket ||
        each.t == token::close_curly_bracket)
      --open;
    if (open < 0) return true;
  }
  return false;
}

Child Rewriter::generation(Body& nodes, std::size_t& at) {
  const std::size_t begin = at;
  Body inside;
  int open = 1;
  for (++at; at < nodes.size(); ++at) {
    open += is_tag(nodes[at], "generation") ? 1 : is_tag(nodes[at], "endgeneration") ? -1 : 0;
    if (open == 0) break;
    inside.push_back(std::move(nodes[at]));
  }
  if (at == nodes.size()) throw Refusal{"'generation' without its end", nodes[begin]->pos};
  return make<Block>(*nodes[begin], "", ArgumentNodes(), closed(std::move(inside)));
}

Body Rewriter::body(Body nodes) {
  Body out;
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    if (is_tag(nodes[at], "generation")) {
      out.push_back(generation(nodes, at));
    } else {
      out.push_back(statement(std::move(nodes[at])));
    }
  }
  return out;
}

Body Rewriter::inner(Body nodes) {
  ++depth_;
  Body out = body(std::move(nodes));
  --depth_;
  return out;
}

Body Rewriter::closed(Body nodes) {
  const int loops = std::exchange(loops_, 0);
  Body out = inner(std::move(nodes));
  loops_ = loops;
  return out;
}

Child Rewriter::leave(const jinja::statement& node, bool is_break) {
  if (loops_ == 0) throw Refusal{"'break' or 'continue' outside a loop", node.pos};
  return make<LeaveLoop>(node, is_break);
}

ArgumentNodes Rewriter::arguments(Body nodes) {
  ArgumentNodes out;
  for (Child& node : nodes) {
    if (auto* keyword = as<jinja::keyword_argument_expression>(node)) {
      const auto* name = as<jinja::identifier>(keyword->key);
      out.named.emplace_back(name == nullptr ? "" : name->val, expression(std::move(keyword->val)));
    } else {
      out.positional.push_back(expression(std::move(node)));
    }
  }
  return out;
}

bool Rewriter::named_call(Child& node, std::string& name, ArgumentNodes& given) {
  if (const auto* identifier = as<jinja::identifier>(node)) {
    name = identifier->val;
    return true;
  }
  auto* call = as<jinja::call_expression>(node);
  const auto* identifier = call == nullptr ? nullptr : as<jinja::identifier>(call->callee);
  if (identifier == nullptr) return false;
  name = identifier->val;
  given = arguments(std::move(call->args));
  return true;
}

Child Rewriter::member(Child node) {
  auto& found = *as<jinja::member_expression>(node);
  Child object = expression(std::move(found.object));
  if (auto* slice = as<jinja::slice_expression>(found.property)) {
    return make<Slice>(found, std::move(object), optional(std::move(slice->start_expr)),
                       optional(std::move(slice->stop_expr)),
                       optional(std::move(slice->step_expr)));
  }
  if (found.computed) {
    if (as<jinja::blank_expression>(found.property) != nullptr) {
      return make<Refused>(found, "empty brackets");
    }
    return make<Item>(found, std::move(object), expression(std::move(found.property)));
  }
  if (const auto* name = as<jinja::identifier>(found.property)) {
    return make<Attribute>(found, std::move(object), name->val);
  }
  if (as<jinja::integer_literal>(found.property) == nullptr)
    return make<Refused>(found, "what follows a '.'");
  return make<Item>(found, std::move(object), std::move(found.property));
}

Child Rewriter::call(Child node) {
  auto& found = *as<jinja::call_expression>(node);
  for (const Child& argument : found.args) {
    if (as<jinja::spread_expression>(argument) != nullptr)
      return make<Refused>(found, "'*' before an argument");
  }
  ArgumentNodes given = arguments(std::move(found.args));
  auto* callee = as<jinja::member_expression>(found.callee);
  const auto* method =
      callee == nullptr || callee->computed ? nullptr : as<jinja::identifier>(callee->property);
  if (method == nullptr) {
    return make<Call>(found, expression(std::move(found.callee)), "", std::move(given));
  }
  return make<Call>(found, expression(std::move(callee->object)), method->val, std::move(given));
}

Child Rewriter::literal(Child node) {
  if (auto* list = as<jinja::array_literal>(node)) {
    for (Child& item : list->val) item = expression(std::move(item));
  } else if (auto* tuple = as<jinja::tuple_literal>(node)) {
    for (Child& item : tuple->val) item = expression(std::move(item));
  } else if (auto* dict = as<jinja::object_literal>(node)) {
    for (auto& [key, held] : dict->val) {
      key = expression(std::move(key));
      held = expression(std::move(held));
    }
  } else if (as<jinja::integer_literal>(node) == nullptr &&
             as<jinja::float_literal>(node) == nullptr &&
             as<jinja::string_literal>(node) == nullptr) {
    return make<Refused>(*node, "the construct " + node->type());
  }
  return node;
}

bool is_comparison(const Child& node) {
  const auto* found = as<jinja::binary_expression>(node);
  return found != nullptr && (found->op.t == jinja::token::comparison_binary_operator ||
                              found->op.value == "in" || found->op.value == "not in");
}

Child Rewriter::operation(Child node) {
  if (auto* found = as<jinja::binary_expression>(node)) {
    // Jinja2 chains these (a < b < c), the engine does not.
    if (is_comparison(node) && is_comparison(found->left) &&
        !is_closed_between(found->left->pos, found->pos)) {
      return make<Refused>(*found, "a comparison of a comparison");
    }
    return make<Operation>(*found, found->op.value, expression(std::move(found->left)),
                           expression(std::move(found->right)));
  }
  std::string name;
  ArgumentNodes given;
  if (auto* found = as<jinja::filter_expression>(node)) {
    if (!named_call(found->filter, name, given))
      return make<Refused>(*found, "a filter without a name");
    return make<Filtered>(*found, expression(std::move(found->operand)), name, std::move(given));
  }
  if (auto* found = as<jinja::test_expression>(node)) {
    if (!named_call(found->test, name, given))
      return make<Refused>(*found, "a test without a name");
    return make<Tested>(*found, expression(std::move(found->operand)), found->negate, name,
                        std::move(given));
  }
  if (auto* found = as<jinja::unary_expression>(node)) {
    found->argument = expression(std::move(found->argument));
  } else if (auto* either = as<jinja::ternary_expression>(node)) {
    either->condition = expression(std::move(either->condition));
    either->true_expr = expression(std::move(either->true_expr));
    either->false_expr = expression(std::move(either->false_expr));
  } else if (auto* maybe = as<jinja::select_expression>(node)) {
    maybe->lhs = expression(std::move(maybe->lhs));
    maybe->test = expression(std::move(maybe->test));
  } else {
    return literal(std::move(node));
  }
  return node;
}

Child Rewriter::expression(Child node) {
  if (const auto* found = as<jinja::identifier>(node)) return make<Variable>(*found, found->val);
  if (as<jinja::member_expression>(node) != nullptr) return member(std::move(node));
  if (as<jinja::call_expression>(node) != nullptr) return call(std::move(node));
  return operation(std::move(node));
}

// The names that a loop or `set` gives values to; empty if they are anything else.
std::vector<std::string> names_of(const Child& node) {
  if (const auto* one = as<jinja::identifier>(node)) return {one->val};
  std::vector<std::string> names;
  if (const auto* several = as<jinja::tuple_literal>(node)) {
    for (const Child& each : several->val) {
      const auto* name = as<jinja::identifier>(each);
      if (name == nullptr) return {};
      names.push_back(name->val);
    }
    if (names.size() == 1) return {};
  }
  return names;
}

Child Rewriter::loop(jinja::for_statement& node) {
  auto names = names_of(node.loopvar);
  if (names.empty()) return make<Refused>(node, "what a loop gives values to");
  Child iterable = std::move(node.iterable);
  Child test;
  if (auto* select = as<jinja::select_expression>(iterable)) {
    test = expression(std::move(select->test));
    iterable = std::move(select->lhs);
  }
  ++loops_;
  Body body = inner(std::move(node.body));
  --loops_;
  return make<For>(node, std::move(names), expression(std::move(iterable)), std::move(test),
                   std::move(body), inner(std::move(node.default_block)));
}

Child Rewriter::assignment(jinja::set_statement& node) {
  Child given = optional(std::move(node.val));
  Body body = inner(std::move(node.body));
  if (auto names = names_of(node.assignee); !names.empty()) {
    return make<Assign>(node, std::move(names), std::move(given), std::move(body));
  }
  auto* member = as<jinja::member_expression>(node.assignee);
  const auto* name =
      member == nullptr || member->computed ? nullptr : as<jinja::identifier>(member->property);
  if (name == nullptr) return make<Refused>(node, "what 'set' gives a value to");
  return make<AssignMember>(node, expression(std::move(member->object)), name->val,
                            std::move(given), std::move(body));
}

Child Rewriter::macro(jinja::macro_statement& node) {
  const auto* name = as<jinja::identifier>(node.name);
  if (name == nullptr) return make<Refused>(node, "a macro without a name");
  if (depth_ > 0)
    return make<Refused>(node, "macro '" + name->val + "' inside a loop, macro or block");
  std::vector<DefineMacro::Parameter> parameters;
  for (Child& parameter : node.args) {
    auto* keyword = as<jinja::keyword_argument_expression>(parameter);
    const auto* identifier = as<jinja::identifier>(keyword == nullptr ? parameter : keyword->key);
    if (identifier == nullptr)
      return make<Refused>(node, "a parameter of macro '" + name->val + "'");
    parameters.push_back(
        {identifier->val, keyword == nullptr ? nullptr : expression(std::move(keyword->val))});
  }
  return make<DefineMacro>(node, name->val, std::move(parameters), closed(std::move(node.body)));
}

Child Rewriter::statement(Child node) {
  if (as<jinja::string_literal>(node) != nullptr || as<jinja::comment_statement>(node) != nullptr)
    return node;
  if (auto* found = as<jinja::if_statement>(node)) {
    return make<If>(*found, expression(std::move(found->test)), body(std::move(found->body)),
                    body(std::move(found->alternate)));
  }
  if (auto* found = as<jinja::for_statement>(node)) return loop(*found);
  if (auto* found = as<jinja::set_statement>(node)) return assignment(*found);
  if (auto* found = as<jinja::macro_statement>(node)) return macro(*found);
  if (as<jinja::break_statement>(node) != nullptr) return leave(*node, true);
  if (as<jinja::continue_statement>(node) != nullptr) return leave(*node, false);
  if (auto* found = as<jinja::filter_statement>(node)) {
    std::string name;
    ArgumentNodes given;
    if (!named_call(found->filter, name, given))
      return make<Refused>(*node, "a filter without a name");
    return make<Block>(*node, name, std::move(given), inner(std::move(found->body)));
  }
  if (as<jinja::call_statement>(node) != nullptr) return make<Refused>(*node, "'call'");
  if (as<jinja::expression>(node) == nullptr)
    return make<Refused>(*node, "the construct " + node->type());
  const std::size_t position = node->pos;
  return std::make_unique<Printed>(position, expression(std::move(node)));
}

bool begins_operand(const jinja::token& first) {
  using jinja::token;
  static const std::set<std::string> words = {"and", "or", "in", "is", "if", "else", "not"};
  return first.t == token::numeric_literal || first.t == token::string_literal ||
         (first.t == token::identifier && words.count(first.value) == 0);
}

// Behind an operator Jinja2 takes "not" for a name, which no operand can follow.
void refuse_negated_operands(const std::vector<jinja::token>& tokens) {
  using jinja::token;
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    if (tokens[i].t != token::identifier || tokens[i].value != "not") continue;
    const token& before = tokens[i - 1];
    const bool behind_operator = before.t == token::additive_binary_operator ||
                                 before.t == token::multiplicative_binary_operator ||
                                 before.t == token::comparison_binary_operator ||
                                 before.t == token::unary_operator;
    if (behind_operator && begins_operand(tokens[i + 1])) {
      throw Refusal{"'not' behind '" + before.value + "'", tokens[i].pos};
    }
  }
}

}  // namespace

Body rewrite(jinja::program program, const jinja::lexer_result& tokens) {
  refuse_negated_operands(tokens.tokens);
  return Rewriter(tokens).body(std::move(program.body));
}

}  // namespace dnd::renderer
