"""dnd generate --format: several artefacts of one adapter, each at its fixed place."""

import json
import os
import pathlib

import pytest
from support import Exit, dnd, fails, folder_bytes, read_adapter, read_safetensors, sha256, tree, write_prompts

MLX_FILES = {"adapter_config.json", "adapters.safetensors"}


def transposed(values, rows):
    columns = len(values) // rows
    return tuple(values[i * columns + j] for j in range(columns) for i in range(rows))


@pytest.fixture
def call(bundle, four):
    return ["generate", "--model", bundle, "--prompts", four]


@pytest.mark.parametrize("formats", [["--format", "peft,mlx"], ["--format", "peft", "--format", "mlx,peft"]])
def test_places_and_lines(call, adapter, formats):
    assert dnd(*call, "--out", "out/", *formats).lines == ["out/", "out.mlx"]
    assert folder_bytes("out") == folder_bytes(adapter)
    assert set(os.listdir("out.mlx")) == MLX_FILES


def test_mlx_holds_the_same_matrices(call, adapter):
    assert dnd(*call, "--out", "out", "--format", "mlx").lines == ["out.mlx"]
    assert not os.path.exists("out")
    peft, mlx = read_adapter(adapter), read_safetensors("out.mlx/adapters.safetensors")
    own = {"format": "mlx", "dnd.content_sha256": mlx.metadata["dnd.content_sha256"]}
    assert mlx.metadata == peft.metadata | own
    assert len(mlx.tensors) == len(peft.tensors)
    for name, tensor in peft.tensors.items():
        module, factor = name.removeprefix("base_model.model.").removesuffix(".weight").rsplit(".", 1)
        key = f"{module}.{factor.lower()}"
        assert mlx.tensors[key]["shape"] == tensor["shape"][::-1]
        assert mlx.values(key) == transposed(peft.values(name), tensor["shape"][0])
    config = json.loads(pathlib.Path("out.mlx/adapter_config.json").read_text())
    assert (config["lora_parameters"]["rank"], config["lora_parameters"]["scale"]) == (4, 2.0)


def test_json_lines_name_the_format(call):
    lines = dnd(*call, "--out", "out", "--format", "peft,mlx", "--json").json
    assert [(line["path"], line["format"]) for line in lines] == [("out", "peft"), ("out.mlx", "mlx")]
    for line, weights in zip(lines, ["out/adapter_model.safetensors", "out.mlx/adapters.safetensors"], strict=True):
        assert (line["bytes"], line["sha256"]) == (os.path.getsize(weights), sha256(weights))


def test_tasks_have_their_artefacts_side_by_side(bundle, three_tasks):
    lines = dnd("generate", "--model", bundle, "--prompts", three_tasks, "--out", "out", "--format", "peft,mlx").lines
    assert lines == [f"out/{task}{ending}" for task in "abc" for ending in ("", ".mlx")]


def test_two_artefacts_at_one_place(bundle):
    prompts = write_prompts("p.jsonl", [("a", "x"), ("a.mlx", "y")])
    call = ["generate", "--model", bundle, "--prompts", prompts, "--out", "o"]
    message = fails(Exit.DATA, *call, "--format", "peft,mlx")
    assert "o/a.mlx: two artefacts of this call would go there" in message


def test_any_existing_artefact_stops_the_call(call):
    os.makedirs("out.mlx/sub")
    message = fails(Exit.CANNOT_CREATE, *call, "--out", "out", "--format", "peft,mlx")
    assert "out.mlx: exists and is not an MLX adapter" in message
    message = fails(Exit.CANNOT_CREATE, *call, "--out", "out", "--format", "peft,mlx", "--force")
    assert "will not be replaced" in message
    assert not os.path.exists("out")


def test_force_replaces_all_of_them(call, adapter):
    dnd(*call, "--out", "out", "--format", "peft,mlx", "--adapter-dtype", "f32")
    dnd(*call, "--out", "out", "--format", "peft,mlx", "--force")
    assert folder_bytes("out") == folder_bytes(adapter)
    assert {t["dtype"] for t in read_safetensors("out.mlx/adapters.safetensors").tensors.values()} == {"BF16"}


def test_resume_makes_what_is_missing(call):
    dnd(*call, "--out", "out")
    before = os.stat("out/adapter_model.safetensors").st_ino
    result = dnd(*call, "--out", "out", "--format", "peft,mlx", "--resume")
    assert result.lines == ["out", "out.mlx"]
    assert "out: finished already" in result.err
    assert os.stat("out/adapter_model.safetensors").st_ino == before
    assert dnd(*call, "--out", "out", "--format", "peft,mlx", "--resume", engine=False).lines == ["out", "out.mlx"]
    message = fails(Exit.CANNOT_CREATE, *call, "--out", "out", "--format", "mlx", "--resume", "--seed", 5)
    assert "out.mlx: exists already, made from other inputs" in message
    message = fails(Exit.CANNOT_CREATE, *call, "--out", "out", "--format", "mlx", "--resume", "--adapter-dtype", "f16")
    assert "made from other inputs" in message


def test_the_estimate_counts_every_format(call, four):
    estimate = [*call, "--format", "peft,gguf,mlx", "--dry-run"]
    (line,) = dnd(*estimate, "--json", engine=False).json
    assert line["bytes_per_adapter"] == 6720 + 2 * 6720 + 6720
    assert "(rank 4, peft bf16, gguf f32, mlx bf16)" in dnd(*estimate, engine=False).out
    assert tree() == {four}


def test_usage(call, four):
    message = fails(Exit.USAGE, *call, "--format", "gguf,mlx", "--adapter-dtype", "q8_0")
    assert "q8_0 is for GGUF only, not for mlx" in message
    fails(Exit.USAGE, *call, "--format", "diffusers")
    assert tree() == {four}


@pytest.mark.parametrize("config", ["", "{", '{"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"]}'])
@pytest.mark.parametrize("form, place", [("peft", "out"), ("mlx", "out.mlx")])
def test_sound_matrices_beside_a_damaged_configuration_are_not_finished(call, form, place, config):
    dnd(*call, "--out", "out", "--format", form)
    pathlib.Path(place, "adapter_config.json").write_text(config)
    for how in ([], ["--resume"]):
        message = fails(Exit.CANNOT_CREATE, *call, "--out", "out", "--format", form, *how)
        assert f"{place}: " in message


def test_a_dry_run_refuses_what_the_call_would(call):
    dnd(*call, "--out", "out")
    dry = [*call, "--out", "out", "--dry-run"]
    dnd(*dry, engine=False)
    assert "made from other inputs" in fails(Exit.CANNOT_CREATE, *dry, "--adapter-dtype", "f32")
    dnd(*dry, "--adapter-dtype", "f32", "--force", engine=False)
    pathlib.Path("file").touch()
    fails(Exit.CANNOT_CREATE, *call, "--out", "file/out", "--dry-run")


def test_a_task_called_like_another_s_modelfile(bundle):
    prompts = write_prompts("p.jsonl", [("a", "x"), ("a.Modelfile", "y")])
    call = ["generate", "--model", bundle, "--prompts", prompts, "--out", "o", "--format", "peft,gguf", "--modelfile"]
    for how in ([], ["--dry-run"]):
        message = fails(Exit.DATA, *call, *how)
        assert "o/a.Modelfile: an adapter and a Modelfile of this call would go there" in message
    assert not os.path.exists("o")
