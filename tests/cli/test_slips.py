"""Slips of a first use are told where they happen, not later."""

import json
import pathlib
import shutil

import pytest
from support import DATA, LAYOUT, ROOT, Exit, dnd, fails, read_safetensors, safetensors_bytes, tree
from train_data import train_config, write_config, write_tasks

LLAMA = DATA / "interop/llama"
BASE = ROOT / "models/default/base"
TRAIN = ["train", "--config", "train.json", "--out", "bundle", "--dry-run"]


def training(**changes) -> None:
    write_tasks(".")
    write_config("train.json", **changes)


@pytest.mark.parametrize(("right", "wrong"), [("tasks", "task"), ("name", "nmae"), ("generator", "genrator")])
def test_a_key_that_is_missing_may_be_there_under_another_name(right, wrong):
    training()
    config = json.loads(pathlib.Path("train.json").read_text())
    config[wrong] = config.pop(right)
    pathlib.Path("train.json").write_text(json.dumps(config))
    message = fails(Exit.DATA, *TRAIN)
    assert f"key '{right}' is missing (there is '{wrong}': a typing error?)" in message


def test_suggestions_for_names_in_files(bundle):
    training(module_weights={"self_attn.q_prj": 2.0})
    assert "did you mean self_attn.q_proj?" in fails(Exit.DATA, *TRAIN)
    shutil.copytree(bundle, "copy")
    generator = json.loads(pathlib.Path("copy/generator.json").read_text())
    generator["decoder"]["kernal"] = generator["decoder"].pop("kernel")
    pathlib.Path("copy/generator.json").write_text(json.dumps(generator))
    assert "key 'kernel' is missing (there is 'kernal'" in fails(Exit.DATA, "inspect", "copy")
    tasks = json.loads(pathlib.Path("tasks.json").read_text())
    tasks["trian"] = tasks.pop("train")
    pathlib.Path("tasks.json").write_text(json.dumps(tasks))
    write_config("train.json")
    assert "unknown key 'trian' (did you mean 'train'?)" in fails(Exit.DATA, *TRAIN)


def test_features_have_one_form():
    """As `layout` prints them, for `new` and train.json; `auto` is what it proposes."""
    sizes = {"parameters": 400000, "prompts": 4, "tokens": 24}
    new = ["new", "--json", "--layout", LAYOUT, "--features"]
    options = [word for key, value in sizes.items() for word in (f"--{key}", value)]
    (made,) = dnd(*new, "auto", *options, "--out", "auto", engine=False).json
    features = json.loads(pathlib.Path("auto/generator.json").read_text())["decoder"]["features"]
    older = ";".join(",".join(map(str, feature)) for feature in features)
    for index, text in enumerate([json.dumps(features), older]):
        assert dnd(*new, text, "--out", f"new{index}", engine=False).json[0]["sha256"] == made["sha256"]
    for given in ({"features": "auto", **sizes}, {"features": features}, {"features": older}):
        training(generator={"layout": str(LAYOUT), **given})
        (line,) = dnd(*TRAIN, "--json").json
        assert line["parameters"] == made["parameters"]


def test_train_without_its_encoder_ends_before_the_estimate():
    generator = {**train_config()["generator"], "encoder": "all-MiniLM-L6-v3"}
    training(generator=generator)
    message = dnd(*TRAIN, expect=Exit.UNAVAILABLE, engine=False).err
    assert "encoder 'all-MiniLM-L6-v3' is not installed (did you mean 'all-MiniLM-L6-v2'?)" in message
    assert "holds no config.json" in fails(Exit.NO_INPUT, *TRAIN, "--encoder", ".")


@pytest.mark.parametrize("call", [
    ["generate", "-p", "p.jsonl"], ["generate", "-p", "p.jsonl", "--format", "gguf"], ["encode", "-p", "p.jsonl"],
    ["convert", LLAMA / "adapter", "--to", "gguf", "--base", LLAMA / "base"], ["new", "--layout", LAYOUT],
    ["merge", LLAMA / "adapter", "--base", LLAMA / "base"],
    ["codec", "tokenize", LLAMA / "adapter", "--layout", LAYOUT],
    ["compose", LLAMA / "adapter", LLAMA / "adapter"], ["train", "--config", "train.json"],
    ["eval", "--tasks", "t.json"],
], ids=["generate", "generate-gguf", "encode", "convert", "new", "merge", "codec", "compose", "train", "eval"])
def test_outputs_do_not_go_to_standard_output(call):
    message = fails(Exit.USAGE, *call, "--out", "-")
    assert "--out -: nothing is written to standard output" in message and "./-" in message
    assert tree() == set()


def test_a_file_may_be_called_that(bundle, four):
    assert dnd("encode", "-m", bundle, "-p", four, "-o", "./-").lines == ["./-"]
    assert pathlib.Path("-").is_file()


def padded_base(folder: pathlib.Path, rows: int) -> pathlib.Path:
    """The default base with more rows than its tokenizer has tokens."""
    shutil.copytree(BASE, folder)
    config = json.loads((folder / "config.json").read_text())
    file = read_safetensors(folder / "model.safetensors")
    header, data = {}, b""
    for name, tensor in file.tensors.items():
        begin, end = tensor["data_offsets"]
        piece, shape = file.data[begin:end], tensor["shape"]
        if shape[0] == config["vocab_size"]:
            piece += bytes(len(piece) // shape[0] * (rows - shape[0]))
            shape = [rows, *shape[1:]]
        header[name] = {"dtype": tensor["dtype"], "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, data))
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": rows}))
    return folder


def test_a_tokenizer_much_smaller_than_the_vocabulary_is_told(tmp_path):
    for rows, told in ((1536, False), (1600, False), (3000, True)):
        call = ["run", "--max-tokens", 1, "x", "--base", padded_base(tmp_path / str(rows), rows)]
        warning = f"the tokenizer has 1536 tokens, the model {rows} (files of two models?)"
        assert (warning in dnd(*call).err) == told


def test_one_training_task_and_one_layer_are_warned_of():
    write_tasks(".", train=("red",), held_out=())
    write_config("train.json")
    assert "dnd: warning: one training task: " in dnd(*TRAIN, engine=False).err
    training()
    assert "one training task" not in dnd(*TRAIN, engine=False).err
    call = ["layout", "--base", LLAMA / "base", "--rank", 4, "--propose-features", "--prompts", 4, "--tokens", 24]
    assert "one layer alone" in dnd(*call, "--parameters", "150k", engine=False).err
    assert "one layer alone" not in dnd(*call, "--parameters", "1M", engine=False).err


def test_layout_says_what_adapters_will_call_their_base(tmp_path):
    shutil.copytree(LLAMA / "base", tmp_path / "base")
    file = tmp_path / "base/config.json"
    config = json.loads(file.read_text())
    config.pop("_name_or_path", None)
    file.write_text(json.dumps(config))
    call = ["layout", "--base", tmp_path / "base", "--rank", 4]
    assert "warning: no --name, and the base does not say its own" in dnd(*call, engine=False).err
    assert "no --name" not in dnd(*call, "--name", "a/b", engine=False).err
    file.write_text(json.dumps(config | {"_name_or_path": "c/d"}))
    named = dnd(*call, engine=False)
    assert "adapters will name their base 'c/d'" in named.err and json.loads(named.out)["base_model"] == "c/d"
