"""Writes tests/data/answers/NAME.safetensors: the loss of answers through a tiny base of tests/data, and its gradient
in the weights of a small generator, by PyTorch: the released decoder and codec (scripts/python/dnd_reference.py), the
base by transformers, its linears with the generated matrices beside them. Needs scripts/setup_interop.sh and
build/bin/dnd.

    .deps/python/bin/python scripts/make_answer_gradient_cases.py

Of each file: "condition" (B, N, L, C), "mean_tokens" (T, R, S), of every weight of the generator "w/NAME" and "g/NAME"
(its gradient); metadata: "generator" (as generator.json has it), "lessons" (ids, where the answer begins, example),
"loss" (the mean over the examples of the mean over their lessons of the mean over the answer's tokens).
"""

import json
import pathlib
import subprocess
import sys

import torch
from make_learn_cases import DATA, load, save
from torch import Tensor, nn

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts/python"))
from dnd_reference import Generator, Layout, detokenize

BASES = {"qwen2": "interop/qwen2/base", "gemma3": "language_models/gemma3/base", "phi3": "language_models/phi3/base"}
CONDITION, MIDDLE, KERNEL = (3, 6, 8), (5, 4, 7), 3
EXAMPLES = [[(9, 6), (14, 11)], [(5, 1), (12, 9)], [(7, 3), (4, 2)]]  # of each lesson: tokens, answer's first


def layout_of(base: pathlib.Path, *targets: str) -> dict:
    command = [ROOT / "build/bin/dnd", "layout", "--base", base, "--rank", "2", "--alpha", "3", "--name", "tiny",
               *targets]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Adapted(nn.Module):
    """A linear layer with a generated pair beside it."""

    def __init__(self, linear: nn.Module, scale: float):
        super().__init__()
        self.linear, self.scale, self.pair = linear, scale, None

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.pair
        return self.linear(x) + self.scale * (x @ a.T) @ b.T


def adapted_modules(model: nn.Module, layout: Layout) -> dict[str, Adapted]:
    prefix = layout.spec.get("key_prefix", "base_model.model.")
    found = {}
    for factor in layout.factors:
        name = factor.name.removeprefix(prefix).rsplit(".lora_", 1)[0]
        if name in found:
            continue
        owner, last = name.rsplit(".", 1)
        linear = model.get_submodule(name)
        found[name] = Adapted(linear, layout.alpha / layout.rank)
        setattr(model.get_submodule(owner), last, found[name])
    return found


def use(modules: dict[str, Adapted], matrices: dict[str, Tensor]) -> None:
    for key, a in matrices.items():
        if key.endswith(".lora_A.weight"):
            stem = key.removesuffix(".lora_A.weight")
            modules[stem.removeprefix("base_model.model.")].pair = (a, matrices[stem + ".lora_B.weight"])


def case(name: str, folder: str, *targets: str) -> None:
    random = torch.Generator().manual_seed(5)
    spec = layout_of(DATA / folder, *targets)
    layout = Layout(spec)
    tokens = (layout.tokens, *layout.token_shape)
    torch.manual_seed(5)
    generator = Generator([CONDITION, MIDDLE, tokens], KERNEL)
    condition = torch.randn(len(EXAMPLES), *CONDITION, generator=random)
    mean = 0.5 * torch.randn(tokens, generator=random)
    base = load(folder).eval().requires_grad_(False)
    vocabulary = base.config.vocab_size
    modules = adapted_modules(base, layout)
    lessons, total = [], torch.zeros(())
    for example, output in enumerate(generator(condition) + mean):
        use(modules, detokenize(output, layout))
        for length, answer in EXAMPLES[example]:
            ids = torch.randint(3, vocabulary, (length,), generator=random)
            logits = base(input_ids=ids[None]).logits[0]
            loss = nn.functional.cross_entropy(logits[answer - 1:-1].float(), ids[answer:])
            total = total + loss / (len(EXAMPLES) * len(EXAMPLES[example]))
            lessons.append({"ids": ids.tolist(), "answer": answer, "example": example})
    total.backward()
    tensors = {"condition": condition, "mean_tokens": mean}
    for key, weight in generator.named_parameters():
        tensors |= {f"w/{key}": weight.detach(), f"g/{key}": weight.grad}
    config = {"format": "dnd-generator", "version": 1, "name": name,
              "decoder": {"features": [CONDITION, MIDDLE, tokens], "kernel": KERNEL},
              "condition": {"encoder": "none", "prompts": CONDITION[0], "max_length": CONDITION[1],
                            "width": CONDITION[2]},
              "layout": spec}
    save(DATA / f"answers/{name}.safetensors", tensors,
         {"generator": json.dumps(config), "lessons": json.dumps(lessons), "loss": str(total.item())})


def main() -> None:
    (DATA / "answers").mkdir(exist_ok=True)
    case("qwen2", BASES["qwen2"])
    case("qwen2_upper", BASES["qwen2"], "--targets", "model.layers.1.*")
    case("gemma3", BASES["gemma3"], "--targets", "*q_proj,*v_proj,*down_proj")
    case("phi3", BASES["phi3"])


if __name__ == "__main__":
    main()
