#include "eval/session_generator.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "adapter/weight_codec.h"

namespace dnd::eval {
namespace {

using Prompts = generate::Session::Prompts;

constexpr std::size_t kKeptValues = (std::size_t{1} << 30U) / sizeof(float);

class KeptAdapters {
 public:
  KeptAdapters(generate::Session& session, const adapter::AdapterLayout& layout)
      : session_(session), layout_(layout) {}

  Weights make(const Prompts& prompts) {
    if (const auto known = adapters_.find(prompts); known != adapters_.end()) return known->second;
    std::vector<HostTensor> conditions;
    conditions.push_back(session_.condition(prompts));
    const HostTensor tokens = std::move(session_.decode(std::move(conditions), {})[0]);
    auto weights =
        std::make_shared<const adapter::LoraAdapter>(adapter::detokenize(layout_, tokens.values));
    const auto size = static_cast<std::size_t>(layout_.parameter_count());
    if (adapters_.size() * size > kKeptValues) adapters_.clear();
    return adapters_[prompts] = std::move(weights);
  }

 private:
  generate::Session& session_;
  const adapter::AdapterLayout& layout_;
  std::map<Prompts, Weights> adapters_;
};

}  // namespace

JudgedGenerator judged_generator(generate::Session& session, const generate::Generator& generator,
                                 const std::string& name) {
  const auto adapters = std::make_shared<KeptAdapters>(session, generator.config.layout);
  JudgedGenerator out;
  out.name = name;
  out.prompts = static_cast<std::size_t>(generator.config.condition.prompts);
  out.layout = &generator.config.layout;
  out.embed = [&session](const Prompts& prompts) { return session.embed(prompts); };
  out.generate = [adapters](const Prompts& prompts) { return adapters->make(prompts); };
  return out;
}

}  // namespace dnd::eval
