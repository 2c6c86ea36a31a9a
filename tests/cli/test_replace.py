"""--force replaces what the command itself makes, and nothing that anybody else has put there."""

import json
import pathlib
import re
import shutil

import pytest
from support import DATA, GOLDEN, LAYOUT, QUESTIONS, Exit, dnd, fails, safetensors_bytes, write_prompts
from train_data import write_config, write_tasks

LLAMA = DATA / "interop/llama"
PEFT, MLX, BUNDLE = "adapter_config.json", "adapters.safetensors", "generator.json"
FOLDERS = {"generate": PEFT, "generate mlx": MLX, "convert peft": PEFT, "convert mlx": MLX, "compose": PEFT,
           "codec detokenize": PEFT, "merge": "model.safetensors", "import": BUNDLE, "new": BUNDLE, "train": BUNDLE,
           "eval": "results.json"}
FILES = ("generate gguf", "convert gguf", "convert diffusers", "convert kohya",
         "convert diffusion_model", "encode", "codec tokenize", "layout")


@pytest.fixture(scope="module")
def inputs(bundle, adapter, tmp_path_factory):
    """Everything that the calls read, in one folder that is never written to."""
    folder = tmp_path_factory.mktemp("inputs")
    shutil.copytree(bundle, folder / "bundle")
    shutil.copytree(adapter, folder / "adapter")
    for name in ("base", "adapter"):
        shutil.copytree(LLAMA / name, folder / f"llama-{name}")
    shutil.copy(LAYOUT, folder / "layout.json")
    shutil.copy(GOLDEN / "decoder.pth", folder / "decoder.pth")
    write_prompts(folder / "four.jsonl", QUESTIONS[:4])
    write_tasks(folder, checkpoints=1)
    write_config(folder / "train.json", steps=1, evaluate_every=0)
    dnd("codec", "tokenize", folder / "adapter", "--layout", LAYOUT, "--out", folder / "tokens.safetensors")
    return folder


def call(name: str, i: pathlib.Path) -> list:
    """One call of each kind that makes something with --force, but for --out."""
    prompts = ["--model", i / "bundle", "--prompts", i / "four.jsonl"]
    convert = ["convert", i / "llama-adapter", "--base", i / "llama-base", "--to"]
    layout = ["--layout", i / "layout.json"]
    return {"generate": ["generate", *prompts],
            "generate mlx": ["generate", *prompts, "--format", "mlx"],
            "generate gguf": ["generate", *prompts, "--format", "gguf"],
            "convert peft": [*convert, "peft"], "convert mlx": [*convert, "mlx"], "convert gguf": [*convert, "gguf"],
            "convert diffusers": [*convert, "diffusers"], "convert kohya": [*convert, "kohya"],
            "convert diffusion_model": [*convert, "diffusion_model"],
            "compose": ["compose", i / "llama-adapter", i / "llama-adapter"],
            "merge": ["merge", i / "llama-adapter", "--base", i / "llama-base"],
            "codec tokenize": ["codec", "tokenize", i / "adapter", *layout],
            "codec detokenize": ["codec", "detokenize", i / "tokens.safetensors", *layout],
            "import": ["import", i / "decoder.pth", *layout],
            "new": ["new", *layout, "--features", "4,12,8;70,6,14"],
            "train": ["train", "--config", i / "train.json", "--work", "work"],
            "eval": ["eval", "--model", i / "bundle", "--tasks", i / "tasks.json"],
            "encode": ["encode", *prompts],
            "layout": ["layout", "--base", i / "llama-base"]}[name]


def content(folder) -> dict[str, bytes]:
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def place_of(name: str, out: str) -> pathlib.Path:
    """Where the artefact of --out OUT lies."""
    return pathlib.Path(f"{out}.{name.split()[1]}" if name in ("generate mlx", "generate gguf") else out)


@pytest.fixture(scope="module")
def made(inputs, tmp_path_factory):
    """What each call makes."""
    folder = tmp_path_factory.mktemp("made")
    for name in (*FOLDERS, *FILES):
        out = folder / name.replace(" ", "-")
        dnd(*call(name, inputs), "--out", out, cwd=tmp_path_factory.mktemp("cwd"))
        assert place_of(name, out).exists()
    return lambda name: place_of(name, folder / name.replace(" ", "-"))


def copy_of(source: pathlib.Path, target) -> pathlib.Path:
    (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    return pathlib.Path(target)


def refused(name: str, inputs, out="out") -> str:
    """The call may not touch what is there; nothing is computed before it says so."""
    before = content("."), content(inputs)
    message = fails(Exit.CANNOT_CREATE, *call(name, inputs), "--out", out, "--force")
    assert (content("."), content(inputs)) == before
    assert "will not be replaced" in message
    return message


def test_the_table_has_every_command_that_replaces():
    commands = re.findall(r"^  ([a-z]+)  ", dnd("--help").out, re.MULTILINE)
    known = {name.split()[0] for name in (*FOLDERS, *FILES)}
    assert {name for name in commands if "--force" in dnd(name, "--help").out} | {"codec"} == known


@pytest.mark.parametrize("name", [*FOLDERS, *FILES])
def test_its_own_output_is_replaced(name, inputs, made):
    copy_of(made(name), place_of(name, "out"))
    dnd(*call(name, inputs), "--out", "out", "--force")
    assert not [path for path in pathlib.Path().iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("foreign", ["notes.txt", "checkpoint-500/optimizer.pt", "encoder/model.safetensors", ".git/X"])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_with_anything_else_in_it_is_kept(name, foreign, inputs, made):
    out = copy_of(made(name), place_of(name, "out"))
    (out / foreign).parent.mkdir(exist_ok=True)
    (out / foreign).write_text("mine")
    assert f"holds '{foreign.split('/')[0]}'" in refused(name, inputs)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_in_the_place_of_a_file_is_kept(name, inputs, made):
    out = copy_of(made(name), place_of(name, "out"))
    victim = next(path for path in sorted(out.iterdir()) if path.name != FOLDERS[name])
    victim.unlink()
    victim.mkdir()
    (victim / "thesis.tex").write_text("mine")
    assert f"holds '{victim.name}'" in refused(name, inputs)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_another_kind_is_kept(name, inputs, made):
    for other, marker in FOLDERS.items():
        if PEFT not in (FOLDERS[name], marker) and FOLDERS[name] != marker:
            out = copy_of(made(other), place_of(name, "out"))
            refused(name, inputs)
            shutil.rmtree(out)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_kind_is_kept(name, inputs, made):
    place = place_of(name, "out")
    tensor = {"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    for foreign in (b"a novel", b"", b"{}", json.dumps({"format": "other"}).encode(),
                    safetensors_bytes(tensor, b"0000"), (LLAMA / "base/config.json").read_bytes(),
                    (LLAMA / "base/model.safetensors").read_bytes(),
                    (DATA.parents[1] / "models/default/base/base.gguf").read_bytes()):
        place.write_bytes(foreign)
        refused(name, inputs)
    for other in FILES:
        if other.split()[-1] != name.split()[-1]:
            shutil.copy(made(other), place)
            refused(name, inputs)
    place.unlink()
    place.mkdir()
    (place / "thesis.tex").write_text("mine")
    refused(name, inputs)


@pytest.mark.parametrize("name", [name for name in (*FOLDERS, *FILES) if place_of(name, "out") == pathlib.Path("out")])
def test_an_output_that_is_or_holds_an_input_is_kept(name, inputs, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(inputs, mine)
    given = [word for word in call(name, mine) if isinstance(word, pathlib.Path)]
    before = content(mine)
    for path in [*given, mine]:
        result = dnd(*call(name, mine), "--out", path, "--force", engine=False,
                     expect=Exit.USAGE if path == given[0] and name.startswith("convert") else Exit.CANNOT_CREATE)
        assert "an input of this call" in result.err or "is the adapter itself" in result.err
        assert content(mine) == before


def test_an_output_within_an_input_is_kept(inputs, tmp_path, made):
    mine = tmp_path / "mine"
    shutil.copytree(inputs, mine)
    copy_of(made("generate"), mine / "bundle/arc")
    assert "lies in an input of this call" in refused("generate", mine, mine / "bundle/arc")
    copy_of(made("convert gguf"), mine / "llama-adapter/arc.gguf")
    assert "lies in an input of this call" in refused("convert gguf", mine, mine / "llama-adapter/arc.gguf")
    copy_of(made("merge"), mine / "llama-base/merged")
    assert "lies in an input of this call" in refused("merge", mine, mine / "llama-base/merged")


def test_merge_keeps_a_folder_that_holds_its_inputs(tmp_path):
    """The base and the adapter lie in what would be replaced, which has a checkpoint's files too."""
    shutil.copytree(LLAMA / "base", "m")
    shutil.copytree(LLAMA / "base", "m/base")
    shutil.copytree(LLAMA / "adapter", "m/adapter")
    before = content(".")
    message = fails(Exit.CANNOT_CREATE, "merge", "m/adapter", "--base", "m/base", "--out", "m", "--force")
    assert "m: holds an input of this call (m/base)" in message
    assert content(".") == before


def test_a_state_is_only_replaced_by_its_own_kind(inputs):
    pathlib.Path("work").mkdir()
    shutil.copy(inputs / "tokens.safetensors", "work/state.safetensors")
    assert "not the state of a training" in refused("train", inputs)
