#include "tokenizer/component_json.h"

namespace dnd::tokenizer {

Json token_json(const AddedToken& token) {
  return {{"id", 0U},
          {"content", token.content},
          {"single_word", token.single_word},
          {"lstrip", token.lstrip},
          {"rstrip", token.rstrip},
          {"normalized", token.normalized},
          {"special", token.special}};
}

Json template_json(std::optional<TokenId> begin, std::optional<TokenId> end) {
  Json single = Json::array();
  Json known = Json::object();
  const auto add = [&](const char* name, std::optional<TokenId> id) {
    if (!id) return;
    single.push_back({{"SpecialToken", {{"id", name}, {"type_id", 0U}}}});
    known[name] = {{"id", name},
                   {"ids", Json::array({static_cast<std::uint32_t>(*id)})},
                   {"tokens", Json::array({name})}};
  };
  add("begin", begin);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0U}}}});
  add("end", end);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", Json::array()},
          {"special_tokens", known}};
}

}  // namespace dnd::tokenizer
