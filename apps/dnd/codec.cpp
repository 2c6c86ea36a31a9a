// dnd codec: adapter <-> weight tokens, for training data and debugging.
#include "adapter/peft.h"
#include "adapter/provenance.h"
#include "adapter/weight_codec.h"
#include "base/dtype.h"
#include "base/staged.h"
#include "base/strings.h"
#include "base/version.h"
#include "context.h"
#include "formats/safetensors.h"

namespace dnd::app {
namespace {

struct CodecOptions {
  std::filesystem::path input;
  std::filesystem::path layout;
  std::filesystem::path out;
  std::string dtype = "f32";
  bool force = false;

  OnExisting on_existing() const { return force ? OnExisting::replace : OnExisting::refuse; }
};

FileKind tokens_file() {
  return {"a file of weight tokens", [](const std::filesystem::path& path) {
            const formats::SafetensorsFile file(path);
            return file.tensors().size() == 1 && file.find("tokens") != nullptr;
          }};
}

template <typename Kind>
void check_out(const CodecOptions& options, const Kind& kind) {
  check_output(options.out, kind, options.force, {options.input, options.layout});
}

void run_tokenize(const CodecOptions& options) {
  check_out(options, tokens_file());
  const adapter::AdapterLayout layout = adapter::read_layout_file(options.layout);
  const std::vector<float> tokens =
      adapter::tokenize(layout, adapter::read_adapter_of_layout(options.input, layout));
  Staged staged(options.out, tokens_file(), options.on_existing());
  formats::SafetensorsWriter writer(
      staged.path(),
      {{"tokens", Dtype::f32, {layout.token_count(), layout.token_rows, layout.token_columns}}},
      {{"format", "pt"}, {"dnd.version", version()}});
  writer.write(std::as_bytes(std::span(tokens)));
  writer.finish();
  staged.commit();
  print_line(options.out.string());
}

void run_detokenize(const CodecOptions& options) {
  check_out(options, adapter::peft_folder());
  const adapter::AdapterLayout layout = adapter::read_layout_file(options.layout);
  const formats::SafetensorsFile file(options.input);
  const formats::Shape shape = {layout.token_count(), layout.token_rows, layout.token_columns};
  adapter::LoraAdapter adapter = adapter::detokenize(layout, file.read_f32("tokens", &shape));
  adapter::Provenance provenance;
  provenance.generator = "weight tokens";
  adapter.metadata.merge(adapter::provenance_metadata(provenance));
  adapter::write_peft_folder(options.out, adapter,
                             {parse_dtype(options.dtype), layout.key_prefix, nullptr},
                             options.on_existing());
  print_line(options.out.string());
}

void add_direction(CLI::App& codec, const std::shared_ptr<CodecOptions>& options, Context& context,
                   const char* name, const char* summary, const char* input,
                   void (*run)(const CodecOptions&)) {
  CLI::App* command = codec.add_subcommand(name, summary);
  command->fallthrough();
  command->add_option("input", options->input, input)->required();
  command->add_option("--layout", options->layout, "Adapter layout")->required();
  command->add_option("-o,--out", options->out, "What to write")->required();
  command->add_flag("-f,--force", options->force, "Replace what is there");
  run_when_chosen(*command, context, [options, run] { run(*options); });
}

}  // namespace

void add_codec(CLI::App& program, Context& context) {
  const auto options = std::make_shared<CodecOptions>();
  CLI::App& codec = add_command(
      program, context, "codec", "Adapter <-> weight tokens, for training data and debugging",
      {{"dnd codec tokenize ADAPTER --layout layout.json --out tokens.safetensors", ""},
       {"dnd codec detokenize tokens.safetensors --layout layout.json --out ADAPTER", ""}},
      nullptr);
  codec.require_subcommand(1);
  add_direction(codec, options, context, "tokenize",
                "Adapter folder or .safetensors -> tensor 'tokens' (T, R, S), NaN where unused",
                "Adapter folder or .safetensors file", run_tokenize);
  add_direction(codec, options, context, "detokenize",
                "Tensor 'tokens' (T, R, S) -> adapter folder", "A .safetensors file with 'tokens'",
                run_detokenize);
  codec.get_subcommand("detokenize")
      ->add_option("--adapter-dtype", options->dtype, "Element type of the adapter")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
}

}  // namespace dnd::app
