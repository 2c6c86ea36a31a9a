"""What `dnd generate` writes acts: in PEFT 0.17 with transformers 4.57 and in 0.21 with 5 one and the same folder
changes the logits of the base that it was made for, for every class of bases."""

import json
import os
import pathlib
import subprocess
import sys

import logit_changes
import pytest
import torch
from safetensors.torch import load_file, save_file
from target_bases import BASES

ROOT = pathlib.Path(__file__).resolve().parents[2]
OLDER = ROOT / ".deps/python-older"  # scripts/setup_interop_older.sh
QUICK = ("qwen2-tied", "gemma2", "qwen2.5-vl")
LEAST = 1e-4  # of a logit
PROMPTS, TOKENS, WIDTH = 4, 8, 16  # of a condition


@pytest.fixture(scope="session")
def older():
    """(base, adapters) -> changes, by the older pair."""
    if not OLDER.is_dir():
        pytest.skip("no PEFT 0.17: scripts/setup_interop_older.sh")
    process = subprocess.Popen([sys.executable, logit_changes.__file__], env=os.environ | {"PYTHONPATH": str(OLDER)},
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peft, transformers = json.loads(process.stdout.readline())
    assert peft.startswith("0.17.") and transformers.startswith("4.57.")

    def ask(base, adapters):
        process.stdin.write(json.dumps({"base": base, "adapters": adapters}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    process.wait()


@pytest.fixture(scope="session")
def condition(tmp_path_factory):
    file = tmp_path_factory.mktemp("condition") / "condition.safetensors"
    values = torch.randn(PROMPTS, TOKENS, WIDTH, generator=torch.Generator().manual_seed(3))
    save_file({"condition": values}, file)
    return file


class Maker:
    """Layouts, generators and adapters for one base, in its folder's neighbourhood."""

    def __init__(self, dnd, condition, folder):
        self.dnd, self.condition, self.folder = dnd, condition, folder
        self.base = folder / "base"

    def layout(self, source, name: str):
        self.dnd.run("layout", "--base", source, "--rank", 4, "--out", self.folder / f"{name}.json")
        return self.folder / f"{name}.json"

    def generator(self, layout):
        """With random weights: no B is zero."""
        (described,) = json.loads(f"[{self.dnd.run('inspect', '--json', layout)}]")
        out = layout.with_suffix(".generator")
        features = [[PROMPTS, TOKENS, WIDTH], described["tokens"]]
        self.dnd.run("new", "--layout", layout, "--features", json.dumps(features), "--prompts", PROMPTS, "--kernel", 1,
                     "--out", out)
        return out

    def generate(self, generator, name: str, *options):
        out = self.folder / name
        self.dnd.run("generate", "-m", generator, "--condition", self.condition, "-o", out, *options)
        assert all(tensor.any() for tensor in load_file(out / "adapter_model.safetensors").values())
        return out

    def of_source(self, source, name: str, knows_class: bool = True) -> list:
        """Generated without and with the base at hand, and converted. Weights alone tell no class of the base, so that
        what is made without it need not act; converted for the base it must."""
        generator = self.generator(self.layout(source, name))
        alone = self.generate(generator, f"{name}-alone")
        made = [self.generate(generator, f"{name}-base", "--base", self.base), self.folder / f"{name}-converted"]
        self.dnd.run("convert", alone, "--to", "peft", "--base", self.base, "--out", made[-1])
        return [alone, *made] if knows_class else made

    def all(self, from_config: bool) -> list:
        made = self.of_source(self.base, "folder")
        weights = self.folder / "weights.safetensors"  # not beside a config.json
        weights.write_bytes((self.base / "model.safetensors").read_bytes())
        made += self.of_source(weights, "weights", knows_class=False)
        if from_config:
            made += self.of_source(self.base / "config.json", "config")
        return made


def check(base, adapters, older):
    """Both pairs on all adapters."""
    base, adapters = str(base), [str(adapter) for adapter in adapters]
    found = {"newer": logit_changes.changes(base, adapters), "older": older(base, adapters)}
    idle = [f"{pair}, {pathlib.Path(adapter).name}: {change}" for pair, changes in found.items()
            for adapter, change in zip(adapters, changes, strict=True) if isinstance(change, str) or change <= LEAST]
    assert not idle, "\n".join(idle)


def check_base(dnd, condition, name, older, folder):
    maker = Maker(dnd, condition, folder)
    BASES[name].write(maker.base)
    check(maker.base, maker.all(BASES[name].from_config), older)


@pytest.mark.parametrize("name", QUICK)
def test_generated_acts(dnd, condition, older, name, tmp_path):
    check_base(dnd, condition, name, older, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BASES if name not in QUICK])
def test_generated_acts_on_more_bases(dnd, condition, older, name, tmp_path):
    check_base(dnd, condition, name, older, tmp_path)


def small_layout(preset: str, base, maker: Maker) -> pathlib.Path:
    """The preset's names, with the sizes of `base`'s layout."""
    theirs = json.loads((ROOT / f"models/presets/{preset}.json").read_text())["layout"]
    small = json.loads(maker.layout(base, f"{preset}-sizes").read_text())
    sizes = {module["name"]: module for module in small["blocks"][0]["modules"]}
    (block,) = theirs["blocks"]
    block = block | {"count": 2, "modules": [sizes[module["name"]] for module in block["modules"]]}
    kept = {key: theirs[key] for key in theirs.keys() & {"base_model", "architecture", "key_prefix"}}
    file = maker.folder / f"{preset}.json"
    file.write_text(json.dumps(small | kept | {"blocks": [block]}))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BASES if BASES[name].presets])
def test_presets_act(dnd, condition, older, name, tmp_path):
    maker = Maker(dnd, condition, tmp_path)
    BASES[name].write(maker.base)
    made = [maker.generate(maker.generator(small_layout(preset, maker.base, maker)), f"adapter-{preset}")
            for preset in BASES[name].presets]
    check(maker.base, made, older)


def test_every_preset_has_a_base():
    assert sorted(preset for base in BASES.values() for preset in base.presets) == sorted(
        file.stem for file in (ROOT / "models/presets").glob("*.json"))
