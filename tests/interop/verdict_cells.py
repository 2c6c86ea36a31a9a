"""Small random bases of many classes, and adapter folders for them: spellings and configurations, right and wrong.

A cell is a base with one folder. What PEFT makes of it says `reference`: it loads the folder and looks at the logits.
"""

import copy
import dataclasses
import json
import pathlib
import warnings
from collections.abc import Callable

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

T = transformers
Path = pathlib.Path
IDS = torch.tensor([[1, 5, 9, 3, 7, 2]])
RANK = 3
SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.2)
WIDE = SIZES | dict(head_dim=8)
QWEN_TEXT = SIZES | dict(rope_scaling={"type": "mrope", "mrope_section": [1, 1, 2], "rope_type": "default"})
EXPERTS = dict(num_experts=2, num_experts_per_tok=2, moe_intermediate_size=16)


@dataclasses.dataclass(frozen=True)
class Base:
    model: Callable[[], torch.nn.Module]
    kinds: tuple[str, ...] = ("q_proj", "v_proj")  # last names of the modules that the usual adapter has
    other: str = "o_proj"  # one that it does not have
    rename: tuple[str, str] | None = None  # of the stored tensors, as other versions wrote them
    part: str = "mlp"  # a module that holds others

    def write(self, folder: Path):
        torch.manual_seed(0)
        model = self.model()
        model.save_pretrained(folder)
        config = json.loads((folder / "config.json").read_text())  # transformers 4.57 leaves it out of some
        (folder / "config.json").write_text(json.dumps(config | {"architectures": [type(model).__name__]}))
        if self.rename:
            file = folder / "model.safetensors"
            tensors = {key.replace(*self.rename): value for key, value in load_file(file).items()}
            save_file(tensors, file, {"format": "pt"})


def qwen2_5_vl() -> torch.nn.Module:
    return T.Qwen2_5_VLForConditionalGeneration(T.Qwen2_5_VLConfig(
        text_config=QWEN_TEXT, tie_word_embeddings=False,
        vision_config=dict(depth=1, hidden_size=32, out_hidden_size=32, intermediate_size=64, num_heads=4, patch_size=4,
                           window_size=8, fullatt_block_indexes=[0])))


def gemma3_vision() -> torch.nn.Module:
    return T.Gemma3ForConditionalGeneration(T.Gemma3Config(
        text_config=WIDE | dict(pad_token_id=0), mm_tokens_per_image=4,
        vision_config=dict(hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4,
                           image_size=16, patch_size=8)))


GPT2 = Base(lambda: T.GPT2LMHeadModel(T.GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64)),
            kinds=("c_attn", "c_fc"), other="c_proj")
BASES = {
    "qwen2": Base(lambda: T.Qwen2ForCausalLM(T.Qwen2Config(**SIZES))),
    "qwen2-tied": Base(lambda: T.Qwen2ForCausalLM(T.Qwen2Config(**SIZES, tie_word_embeddings=True))),
    "qwen2-no-prefix": Base(lambda: T.Qwen2ForCausalLM(T.Qwen2Config(**SIZES)), rename=("model.", "")),
    "qwen3": Base(lambda: T.Qwen3ForCausalLM(T.Qwen3Config(**WIDE))),
    "llama": Base(lambda: T.LlamaForCausalLM(T.LlamaConfig(**SIZES)), kinds=("gate_proj", "down_proj")),
    "mistral": Base(lambda: T.MistralForCausalLM(T.MistralConfig(**SIZES))),
    "gemma2": Base(lambda: T.Gemma2ForCausalLM(T.Gemma2Config(**WIDE, pad_token_id=0))),
    "gemma3-text": Base(lambda: T.Gemma3ForCausalLM(T.Gemma3TextConfig(**WIDE, pad_token_id=0))),
    "gemma3-vision": Base(gemma3_vision),
    "phi3": Base(lambda: T.Phi3ForCausalLM(T.Phi3Config(**SIZES, pad_token_id=0)), kinds=("qkv_proj", "down_proj")),
    "qwen2.5-vl": Base(qwen2_5_vl),
    "gpt2": GPT2,
    "gpt2-no-prefix": dataclasses.replace(GPT2, rename=("transformer.", "")),
    "gpt-neox": Base(lambda: T.GPTNeoXForCausalLM(T.GPTNeoXConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)),
        kinds=("query_key_value", "dense_h_to_4h"), other="dense_4h_to_h"),
    "bert": Base(lambda: T.BertModel(T.BertConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)),
        kinds=("query", "value"), other="key", part="intermediate"),
    "bert-masked": Base(lambda: T.BertForMaskedLM(T.BertConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        initializer_range=0.2)), kinds=("query", "value"), other="key", part="intermediate"),
    "qwen2-classifier": Base(lambda: T.Qwen2ForSequenceClassification(T.Qwen2Config(
        **SIZES, pad_token_id=0, num_labels=3))),
    "qwen3-moe": Base(lambda: T.Qwen3MoeForCausalLM(T.Qwen3MoeConfig(**WIDE, **EXPERTS)), part="self_attn"),
    "qwen2-moe": Base(lambda: T.Qwen2MoeForCausalLM(T.Qwen2MoeConfig(
        **SIZES, **EXPERTS, shared_expert_intermediate_size=16)), part="self_attn"),
    "mixtral": Base(lambda: T.MixtralForCausalLM(T.MixtralConfig(**SIZES, num_local_experts=2)), part="self_attn"),
}


class Opened:
    """A base from its folder, and the linear layers that its class has: path -> (in, out)."""

    def __init__(self, base: Base, folder: Path):
        self.base, self.folder = base, folder
        self.kind = getattr(T, json.loads((folder / "config.json").read_text())["architectures"][0])
        self.model = self.kind.from_pretrained(folder).eval()
        self.before = self.logits(self.model)
        self.layers = {}
        for path, module in self.model.named_modules():
            if isinstance(module, T.pytorch_utils.Conv1D):
                self.layers[path] = tuple(module.weight.shape)
            elif type(module) is torch.nn.Linear:
                self.layers[path] = (module.in_features, module.out_features)

    @staticmethod
    def logits(model) -> torch.Tensor:
        found = model(input_ids=IDS)
        return found.logits if hasattr(found, "logits") else found.last_hidden_state

    def of_kinds(self, *kinds: str) -> list[str]:
        """Those that the text passes through."""
        return [path for path in self.layers if path.rpartition(".")[2] in kinds and "vis" not in path]

    @property
    def head(self) -> str | None:
        """"lm_head", or what the class calls it."""
        found = self.model.get_output_embeddings()
        named = self.model.named_modules()
        return next((path for path, module in named if found is not None and module is found), None)

    @property
    def usual(self) -> list[str]:
        return self.of_kinds(*self.base.kinds)


def pairs(opened: Opened, paths: list[str], stem: Callable[[str], str] = lambda path: f"base_model.model.{path}",
          ending: str = ".weight", shapes: dict | None = None) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    tensors = {}
    for path in paths:
        size, out = (shapes or opened.layers)[path]
        tensors[f"{stem(path)}.lora_A{ending}"] = torch.randn(RANK, size, generator=generator)
        tensors[f"{stem(path)}.lora_B{ending}"] = torch.randn(out, RANK, generator=generator)
    return tensors


def write_adapter(folder: Path, tensors: dict[str, torch.Tensor], **config):
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps(
        {"peft_type": "LORA", "task_type": None, "r": RANK, "lora_alpha": 2 * RANK, "bias": "none"} | config))


# Cells. Each gives tensors and configuration.

def usual(o: Opened, **config):
    return pairs(o, o.usual), {"target_modules": list(o.base.kinds)} | config


def spelled(stem: Callable[[str], str], ending: str = ".weight"):
    return lambda o: (pairs(o, o.usual, stem, ending), {"target_modules": list(o.base.kinds)})


def blocks_called(name: str):
    """The list of blocks under the name that another class or version has for it."""
    def make(o: Opened):
        first = o.usual[0]
        prefix = first[: first.index(".0.")]
        return spelled(lambda path: "base_model.model." + path.replace(prefix, name))(o)
    return make


def half_bare(o: Opened):
    prefixes = {path: "base_model.model." if i % 2 else "transformer." for i, path in enumerate(o.usual)}
    return spelled(lambda path: prefixes[path] + path)(o)


def head(o: Opened):
    if o.head is None:
        return usual(o)
    tensors = pairs(o, [*o.usual, o.head])
    tensors[f"base_model.model.{o.head}.base_layer.weight"] = o.model.get_output_embeddings().weight.detach().clone()
    return tensors, {"target_modules": [*o.base.kinds, o.head]}


def head_not_targeted(o: Opened):
    paths = [o.head] if o.head else o.of_kinds(o.base.other)
    return pairs(o, paths), {"target_modules": list(o.base.kinds)}


def misshapen(o: Opened):
    tensors, config = usual(o)
    name = next(name for name in tensors if "lora_A" in name)
    return tensors | {name: torch.randn(RANK, 7)}, config


def expression(text: str):
    return lambda o: usual(o, target_modules=text.replace("KINDS", "|".join(o.base.kinds)))


def saved(o: Opened, path: str) -> dict[str, torch.Tensor]:
    """The whole module, trained further."""
    generator = torch.Generator().manual_seed(2)
    return {f"base_model.model.{path}.{name}": value.detach() + 0.1 * torch.randn(value.shape, generator=generator)
            for name, value in o.model.get_submodule(path).named_parameters()}


def saved_head(o: Opened):
    tensors, config = usual(o)
    if o.head is None:
        return tensors, config
    return tensors | saved(o, o.head), config | {"modules_to_save": [o.head]}


def saved_and_absent(o: Opened):
    tensors, config = usual(o)
    return tensors, config | {"modules_to_save": [o.base.other]}


def saved_alone(o: Opened):
    """What the configuration adapts and keeps whole: it is kept whole."""
    path = o.of_kinds(o.base.other)[0]
    tensors = pairs(o, o.usual, lambda path: f"elsewhere.{path}") | saved(o, path)
    return tensors, {"target_modules": list(o.base.kinds), "modules_to_save": [path]}


def saved_and_adapted(o: Opened):
    tensors, config = usual(o)
    for path in [path for path in o.layers if path.endswith(f".{o.base.kinds[0]}")]:
        tensors |= saved(o, path)
    return tensors, config | {"modules_to_save": [o.base.kinds[0]]}


def biases(o: Opened):
    tensors, config = usual(o)
    for path in o.usual:
        bias = o.model.get_submodule(path).bias
        if bias is not None:
            tensors[f"base_model.model.{path}.base_layer.bias"] = bias.detach() + 0.1
    return tensors, config | {"bias": "all"}


def vision(stem: Callable[[str], str] = lambda path: f"base_model.model.{path}"):
    """The vision tower's layers beside the text's, which alone the logits see."""
    def make(o: Opened):
        paths = [path for path in o.layers if path.rpartition(".")[2] in ("qkv", "fc1")]
        return pairs(o, [*o.usual, *paths], stem), {"target_modules": [*o.base.kinds, "qkv", "fc1"]}
    return make


def of_type(o: Opened, *types: str) -> str:
    """The last name of the first module that has no matrices and whose class is called so."""
    return next(path.rpartition(".")[2] for path, module in o.model.named_modules()
                if path not in o.layers and not list(module.children())
                and any(name in type(module).__name__ for name in types))


def targeted_too(*types: str):
    return lambda o: usual(o, target_modules=[*o.base.kinds, of_type(o, *types)])


def embedding_path(o: Opened) -> str:
    inputs = o.model.get_input_embeddings()
    return next(path for path, module in o.model.named_modules() if module is inputs)


def saved_whole(named: Callable[[Opened], str], stored: bool = True):
    """Every module whose path ends in the name, as PEFT saves them."""
    def make(o: Opened):
        tensors, config = usual(o)
        name = named(o)
        for path, module in o.model.named_modules():
            if stored and path.endswith(name) and list(module.parameters()):
                tensors |= saved(o, path)
        return tensors, config | {"modules_to_save": [name]}
    return make


def saved_without_matrices(o: Opened):
    path = embedding_path(o)
    return saved(o, path), {"target_modules": list(o.base.kinds), "modules_to_save": [path.rpartition(".")[2]]}


def last_norm(o: Opened) -> str:
    return [path for path, module in o.model.named_modules() if "Norm" in type(module).__name__][-1]


def saved_and_not_said(o: Opened):
    tensors, config = usual(o)
    return tensors | saved(o, last_norm(o)), config


def of_the_task(task: str, stored: bool):
    def make(o: Opened):
        tensors, config = usual(o, task_type=task)
        heads = [path for path in o.layers if path in ("classifier", "score")] if stored else []
        for path in heads:
            tensors |= saved(o, path)
        return tensors, config
    return make


def earlier_vision(path: str) -> str:
    path = path.replace("vision_tower.", "vision_tower.vision_model.").replace("model.visual", "visual")
    return f"base_model.model.{path}"


QUICK = {
    "usual": usual,
    "bare": spelled(lambda path: path),
    "named": spelled(lambda path: f"base_model.model.{path}", ".default.weight"),
    "model.layers": blocks_called("model.layers"),
    "model.language_model.layers": blocks_called("model.language_model.layers"),
    "language_model.model.layers": blocks_called("language_model.model.layers"),
    "last-layer-only": lambda o: usual(o, layers_to_transform=[1]),
    "excluded": lambda o: usual(o, exclude_modules=[o.base.kinds[0]]),
    "expression": expression(r".*\.(KINDS)"),
    "expression-elsewhere": expression(r".*language_model_too.*\.(KINDS)"),
    "all-linear": lambda o: usual(o, target_modules="all-linear"),
    "other-target": lambda o: usual(o, target_modules=[o.base.other]),
    "head": head,
    "head-not-targeted": head_not_targeted,
    "misshapen": misshapen,
    "saved-head": saved_head,
    "saved-and-absent": saved_and_absent,
    "activation-too": targeted_too("Activation", "SiLU", "GELU"),
    "norm-too": targeted_too("Norm"),
    "no-targets": lambda o: usual(o, target_modules=None),
    "expression-lookbehind": expression(r".*(?<=nowhere\.)(KINDS)"),
    "saved-embedding": saved_whole(lambda o: embedding_path(o).rpartition(".")[2]),
    "target-of-a-part": lambda o: usual(o, target_modules=[*o.base.kinds, o.base.part]),
}
SLOW = {
    "expression-broken": expression(r".*\.(KINDS"),
    "saved-norm-absent": saved_whole(last_norm, stored=False),
    "saved-norms": saved_whole(lambda o: last_norm(o)[-4:]),
    "saved-norm": saved_whole(last_norm),
    "saved-not-said": saved_and_not_said,
    "saved-without-matrices": saved_without_matrices,
    "embedding-too": lambda o: usual(o, target_modules=[*o.base.kinds, embedding_path(o).rpartition(".")[2]]),
    "embedding-alone": lambda o: usual(o, target_modules=[embedding_path(o).rpartition(".")[2]]),
    "classifies": of_the_task("SEQ_CLS", stored=True),
    "classifies-without": of_the_task("SEQ_CLS", stored=False),
    "classifies-tokens": of_the_task("TOKEN_CLS", stored=False),
    "bias-of-no-kind": lambda o: usual(o, bias="some"),
    "bias-null": lambda o: usual(o, bias=None),
    "bias-other-only": lambda o: usual(o, bias="any_only"),
    "starts-gaussian": lambda o: usual(o, init_lora_weights="Gaussian"),
    "starts-otherwise": lambda o: usual(o, init_lora_weights="foo"),
    "starts-with-nothing": lambda o: usual(o, init_lora_weights=""),
    "starts-not": lambda o: usual(o, init_lora_weights=False),
    "dropout-half": lambda o: usual(o, lora_dropout=0.5),
    "dropout-large": lambda o: usual(o, lora_dropout=7),
    "dropout-below": lambda o: usual(o, lora_dropout=-1.0),
    "excluded-broken": lambda o: usual(o, exclude_modules=r".*(x"),
    "excluded-lookbehind": lambda o: usual(o, exclude_modules=rf".*(?<=\.){o.base.kinds[0]}"),
    "expression-of-all": expression(r".*\.\d+\..*"),
    "expression-escape": expression(r".*\.(KINDS)\y?"),
    "expression-repeat": expression(r".*\.(KINDS){1}{1}"),
    "expression-nothing": expression(r"*.(KINDS)"),
    "expression-name": expression(r"(?P<head>.*)\.(?P<kind>KINDS)"),
    "expression-other-name": expression(r"(?<head>.*)\.(KINDS)"),
    "expression-case": expression(r"(?i).*\.(KINDS)"),
    "expression-count": expression(r".*\.\d{,3}\..*\.(KINDS)"),
    "expression-possessive": expression(r".*+\.(KINDS)"),
    "expression-set": expression(r"[]\w.]+\.(KINDS)"),
    "expression-nested-set": expression(r"[[:alpha:][:digit:]_.]+\.(KINDS)"),
    "expression-comment": expression(r"(?#x).*\.(KINDS)"),
    "expression-ends": expression(r"\A.*\.(KINDS)\Z"),
    "expression-back": expression(r"(.).*\.(KINDS)"),
    "saved-alone": saved_alone,
    "saved-and-adapted": saved_and_adapted,
    "biases": biases,
    "named-otherwise": spelled(lambda path: f"base_model.model.{path}", ".style.weight"),
    "prefix-twice": spelled(lambda path: f"base_model.model.base_model.model.{path}"),
    "prefix-half": spelled(lambda path: f"base_model.{path}"),
    "layers": blocks_called("layers"),
    "half-bare": half_bare,
    "layer-that-is-not": lambda o: usual(o, layers_to_transform=7),
    "expression-of-one-layer": expression(r".*\.0\..*\.(KINDS)"),
    "path-of-one": lambda o: usual(o, target_modules=[o.usual[0]]),
    "layers-pattern": lambda o: usual(o, layers_to_transform=[0], layers_pattern="layers"),
    "layers-pattern-h": lambda o: usual(o, layers_to_transform=[0], layers_pattern=["h", "layer"]),
    "layers-pattern-wrong": lambda o: usual(o, layers_to_transform=[0], layers_pattern="blocks"),
    "layers-pattern-expression": lambda o: usual(o, layers_to_transform=[0], layers_pattern=r"\w+"),
    "layers-pattern-empty": lambda o: usual(o, layers_to_transform=[0], layers_pattern=[""]),
    "layers-beside-a-text": lambda o: usual(o, target_modules=".*", layers_to_transform=[]),
    "task-without-a-name": lambda o: usual(o, task_type=""),
    "starts-orthogonal": lambda o: usual(o, init_lora_weights="orthogonal"),
    "no-layer-list": lambda o: usual(o, layers_to_transform=[]),
    "excluded-expression": lambda o: usual(o, exclude_modules=r".*"),
    "excluded-layer": lambda o: usual(o, exclude_modules=r".*\.1\..*"),
    "expression-not-whole": expression(r"(KINDS)"),
    "expression-lookahead": expression(r"^(?!.*\.1\.).*(KINDS)$"),
    "generating": lambda o: usual(o, task_type="CAUSAL_LM"),
    "embedding": lambda o: usual(o, task_type="FEATURE_EXTRACTION"),
    "transposed-flag": lambda o: usual(o, fan_in_fan_out=True),
    "rslora": lambda o: usual(o, use_rslora=True),
    "alpha-pattern": lambda o: usual(o, alpha_pattern={o.base.kinds[0]: 1}),
    "paths": lambda o: usual(o, target_modules=o.usual),
    "vision": vision(),
    "vision-earlier": vision(earlier_vision),
    "transformer.h": blocks_called("transformer.h"),
    "h": blocks_called("h"),
    "model.model.layers": blocks_called("model.model.layers"),
}


def experts(*kinds: str, target: list[str] | str | None = None):
    """Matrices of each expert of a mixture, as transformers 4 named the layers."""
    def make(o: Opened):
        hidden = SIZES["hidden_size"]
        mixtral = o.kind is T.MixtralForCausalLM
        inner = SIZES["intermediate_size"] if mixtral else EXPERTS["moe_intermediate_size"]
        part = "block_sparse_moe" if mixtral else "mlp"
        names = dict(gate="gate_proj", up="up_proj", down="down_proj")
        if mixtral:
            names = dict(gate="w1", up="w3", down="w2")
        shapes = {}
        for kind in kinds:
            size = (inner, hidden) if kind == "down" else (hidden, inner)
            for layer in range(2):
                for expert in range(2):
                    shapes[f"model.layers.{layer}.{part}.experts.{expert}.{names[kind]}"] = size
        targets = [names[kind] for kind in kinds] if target is None else target
        return pairs(o, list(shapes), shapes=shapes), {"target_modules": targets}
    return make


def router(o: Opened):
    part = "block_sparse_moe" if o.kind is T.MixtralForCausalLM else "mlp"
    shapes = {f"model.layers.{i}.{part}.gate": (SIZES["hidden_size"], 2) for i in range(2)}
    return pairs(o, list(shapes), shapes=shapes), {"target_modules": ["gate"]}


def shared_expert(o: Opened):
    paths = [path for path in o.layers if ".shared_expert." in path] or o.usual
    return pairs(o, paths), {"target_modules": ["gate_proj", "up_proj", "down_proj"]}


MIXTURES = {
    "experts": experts("gate", "up", "down"),
    "experts-down": experts("down"),
    "experts-gate": experts("gate"),
    "experts-not-targeted": experts("gate", "up", "down", target=["q_proj"]),
    "experts-all-linear": experts("gate", "up", "down", target="all-linear"),
    "router": router,
    "shared-expert": shared_expert,
}


def reference(opened: Opened, folder: Path) -> tuple[str, float]:
    """PEFT's verdict on the folder, and how much the logits change. "acts": in full or in part, where matrices are
    put together and cannot be found again."""
    model = copy.deepcopy(opened.model)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted = peft.PeftModel.from_pretrained(model, folder)
        # Not through the wrapper of the task, which some classes' forward() of transformers 4 does not fit.
        change = float((opened.logits(adapted.base_model.model) - opened.before).abs().max())
    except Exception:  # whatever it raises
        return "refuses", 0.0
    if change <= 1e-4:
        return "ignores", change
    stored = [value for name, value in load_file(folder / "adapter_model.safetensors").items() if "lora_B" in name]
    held = {value.numpy().tobytes() for name, value in adapted.state_dict().items() if "lora_B" in name}
    found = sum(value.numpy().tobytes() in held for value in stored)
    if found == len(stored):
        return "loads", change
    return ("partly" if found else "acts"), change
