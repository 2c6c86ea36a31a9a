"""train: what lies in the work folder is read like any other file."""

import json
import math
import os
import pathlib
import shutil
import struct

import pytest
from support import Exit, dnd, folder_bytes, read_safetensors, safetensors_bytes
from train_data import write_config, write_tasks

WORK = pathlib.Path("bundle.train")
CONDITIONS, STATE, METRICS = (WORK / name for name in ("conditions.safetensors", "state.safetensors", "metrics.jsonl"))
SHAPE = [22, 24, 384]  # 18 prompts to train on and 4 of the held-out task
REMEDY = "delete the file: it is made anew"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training whose bundle is lost, and that bundle."""
    folder = tmp_path_factory.mktemp("trained")
    write_tasks(folder)
    write_config(folder / "train.json")
    dnd("train", "--config", folder / "train.json", "--out", folder / "bundle")
    bundle = folder_bytes(folder / "bundle")
    shutil.rmtree(folder / "bundle")
    return folder, bundle


@pytest.fixture
def work(trained):
    """A copy of it to damage; the bundle to come."""
    shutil.copytree(trained[0], ".", dirs_exist_ok=True)
    return trained[1]


def resume(expect: int, *options) -> str:
    """Goes on with it, or with the `options`; its last line on stderr."""
    result = dnd("train", "--config", "train.json", "--out", "bundle", *(options or ["--resume"]), expect=expect)
    if expect == Exit.DONE:
        return result.err
    assert result.out == "" and not pathlib.Path("bundle").exists()
    assert result.err.count("dnd: error: ") == 1 and result.last_error.startswith("dnd: error: ")
    return result.last_error


def refused(path: pathlib.Path, *words: str) -> None:
    message = resume(Exit.DATA)
    assert str(path) in message and all(word in message for word in words), message


def rewrite(path: pathlib.Path, tensors: dict, metadata: dict | None = None) -> None:
    """tensors: name -> (dtype, shape, bytes)."""
    header, data = {"__metadata__": read_safetensors(path).metadata if metadata is None else metadata}, b""
    for name, (dtype, shape, piece) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    path.write_bytes(safetensors_bytes(text + b" " * (-len(text) % 8), data))


def tensors_of(path: pathlib.Path) -> dict:
    file = read_safetensors(path)
    return {name: (tensor["dtype"], tensor["shape"], file.data[slice(*tensor["data_offsets"])])
            for name, tensor in file.tensors.items()}


def with_value(tensor: tuple, value: float) -> tuple:
    dtype, shape, data = tensor
    return dtype, shape, data[:4] + struct.pack("<f", value) + data[8:]


def test_undamaged_it_is_gone_on_with(work):
    assert read_safetensors(CONDITIONS).tensors["conditions"]["shape"] == SHAPE
    assert "8 steps, 8 of them done" in resume(Exit.DONE)
    assert folder_bytes("bundle") == work


@pytest.mark.parametrize("dtype, size, shape, option", [
    ("F32", 4, [1], "--force"), ("F32", 4, [1], "--resume"), ("F32", 4, [0], "--force"),
    ("F32", 4, [24, 22, 384], "--force"), ("F32", 4, [24, 22, 384], "--resume"), ("I8", 1, SHAPE, "--force"),
])
def test_conditions_of_another_shape_or_type(work, dtype, size, shape, option):
    rewrite(CONDITIONS, {"conditions": (dtype, shape, b"\0" * (size * math.prod(shape)))})
    message = resume(Exit.DATA, option)
    text = f"{dtype} [{', '.join(map(str, shape))}], expected F32 [22, 24, 384]"
    assert str(CONDITIONS) in message and text in message and REMEDY in message, message


def test_conditions_of_other_names(work):
    whole = tensors_of(CONDITIONS)["conditions"]
    for tensors in ({"x": whole}, {"conditions": whole, "x": ("F32", [1], b"\0" * 4)}, {}):
        rewrite(CONDITIONS, tensors)
        refused(CONDITIONS, "expected 'conditions' alone", REMEDY)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_conditions_that_are_not_finite(work, value):
    rewrite(CONDITIONS, {"conditions": ("F32", SHAPE, struct.pack("<f", value) * math.prod(SHAPE))})
    message = resume(Exit.DATA, "--force")
    assert str(CONDITIONS) in message and f"a value is {value}" in message and REMEDY in message


def test_conditions_that_are_no_file_of_ours(work):
    os.truncate(CONDITIONS, 300)
    refused(CONDITIONS, REMEDY)
    CONDITIONS.write_bytes(b"")
    refused(CONDITIONS, REMEDY)
    CONDITIONS.unlink()
    resume(Exit.DONE)
    assert folder_bytes("bundle") == work


def test_conditions_of_another_key_are_made_anew(work):
    rewrite(CONDITIONS, {"conditions": ("F32", [1], b"\0" * 4)}, {"dnd.key": "0" * 64})
    shutil.rmtree("bundle", ignore_errors=True)
    resume(Exit.DONE, "--force")
    assert folder_bytes("bundle") == work


def test_a_file_that_is_no_conditions_is_kept(work):
    rewrite(CONDITIONS, {"conditions": ("F32", [1], b"\0" * 4)}, {})
    before = CONDITIONS.read_bytes()
    shutil.rmtree("bundle", ignore_errors=True)
    assert "not the conditions of a training" in resume(Exit.CANNOT_CREATE, "--force")
    assert CONDITIONS.read_bytes() == before


@pytest.mark.parametrize("step", ["0", "9", "9223372036854775807"])
def test_steps_that_the_training_does_not_have(work, step):
    state = read_safetensors(STATE)
    rewrite(STATE, tensors_of(STATE), {**state.metadata, "dnd.step": step})
    refused(STATE, f"dnd.step is '{step}', expected 1 to 8")


@pytest.mark.parametrize("prefix, value", [("model.", math.inf), ("exp_avg.", math.nan), ("exp_avg_sq.", -1.0)])
def test_values_that_the_optimiser_does_not_write(work, prefix, value):
    tensors = tensors_of(STATE)
    name = next(name for name in tensors if name.startswith(prefix))
    rewrite(STATE, tensors | {name: with_value(tensors[name], value)})
    refused(STATE, f"'{name}' holds", "damaged?")


def test_tensors_that_a_state_does_not_have(work):
    tensors = tensors_of(STATE)
    name = next(name for name in tensors if name.startswith("exp_avg_sq."))
    dtype, shape, data = tensors[name]
    for changed in (tensors | {"x": ("F32", [1], b"\0" * 4)},
                    {key: tensor for key, tensor in tensors.items() if key != name},
                    tensors | {name: (dtype, [*shape, 1], data)},
                    tensors | {name: ("F16", shape, data[:len(data) // 2])}):
        rewrite(STATE, changed)
        refused(STATE)


def test_states_that_are_no_file_of_ours(work):
    rewrite(STATE, tensors_of(STATE), {})
    refused(STATE, "not the state of a training")
    os.truncate(STATE, 5000)
    refused(STATE)
    STATE.write_bytes(b"")
    refused(STATE)


@pytest.mark.parametrize("line", ["hello", "\0", "[]", '{"step": -1}', '{"step": 1e3}'])
def test_metrics_that_are_not_ours(work, line):
    first = METRICS.read_text().splitlines()[0]
    METRICS.write_text(f"{first}\n{line}\n")
    refused(METRICS, "line 2")


def test_the_first_weights_are_made_anew(work):
    (WORK / "start/decoder.safetensors").write_bytes(b"damaged")
    resume(Exit.DONE, "--force")
    assert folder_bytes("bundle") == work


@pytest.mark.parametrize("name", ["start/generator.json", "metrics.jsonl"])
def test_what_is_no_trainings_is_kept(work, name):
    """Somebody's own files in the folder that --work names."""
    (WORK / name).write_text('{"mine": true}')
    assert "will not be replaced" in resume(Exit.CANNOT_CREATE, "--force")
    assert (WORK / name).read_text() == '{"mine": true}'


@pytest.mark.parametrize("shape", [[2000, 60, 14], [1]])
def test_mean_tokens_of_a_start_are_as_many_as_the_layout_says(shape):
    write_tasks(".")
    write_config(residual=True, steps=1)
    dnd("train", "--config", "train.json", "--out", "first")
    weights = pathlib.Path("first/decoder.safetensors")
    tensors = tensors_of(weights)
    rewrite(weights, tensors | {"mean_tokens": ("F32", shape, b"\0" * (4 * math.prod(shape)))})
    write_config(residual=True, steps=1, generator={"start": str(pathlib.Path("first").resolve())})
    message = resume(Exit.DATA, "--force")
    assert str(weights) in message and "mean_tokens" in message
