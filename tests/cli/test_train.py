"""train: tasks with their adapters in, a generator out."""

import json
import math
import pathlib
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

import pytest
from support import (
    LAYOUT,
    PROGRAM,
    PYTORCH,
    ROOT,
    Exit,
    dnd,
    environment,
    fails,
    folder_bytes,
    read_adapter,
    read_safetensors,
    tree,
    write_prompts,
)
from train_data import train_config, write_adapter, write_config, write_tasks


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed training: its folder, with data, bundle and work folder."""
    folder = tmp_path_factory.mktemp("train")
    write_tasks(folder)
    write_config(folder / "train.json")
    (line,) = dnd("train", "--json", "--config", folder / "train.json", "--out", folder / "bundle", "--threads", 2).json
    assert line["steps"] == 8
    return folder


def metrics(work) -> list[dict]:
    return [json.loads(line) for line in (pathlib.Path(work) / "metrics.jsonl").read_text().splitlines()]


def steps_of(work) -> list[int]:
    return [line["step"] for line in metrics(work) if "loss" in line]


def losses(work) -> list[float]:
    return [line["loss"] for line in metrics(work) if "loss" in line]


def train(folder, out, *options, **keywords):
    return dnd("train", "--config", folder / "train.json", "--out", out, *options, **keywords)


def test_the_bundle_generates_at_once(whole, four):
    dnd("generate", "--model", whole / "bundle", "--prompts", four, "--out", "out")
    assert all(map(math.isfinite, read_adapter("out").values(next(iter(read_adapter("out").tensors)))))
    config = json.loads((whole / "bundle/generator.json").read_text())
    assert "untrained" not in config
    assert config["provenance"]["steps"] == "8"
    assert config["statistics"]["adapters"] == 6
    assert not any(str(whole) in text for text in config["provenance"].values())


def test_metrics(whole):
    assert steps_of(whole / "bundle.train") == list(range(1, 9))
    lines = metrics(whole / "bundle.train")
    assert lines[-2]["loss"] < lines[0]["loss"]
    assert lines[0]["learning_rate"] == 0.002
    held_out = [line for line in lines if "held_out" in line]
    assert [(line["step"], line["held_out"]) for line in held_out] == [(4, "grey"), (8, "grey")]
    assert all(line["distance"] > 0.0 for line in held_out)


def test_metrics_are_plotted(whole):
    script = ROOT / "scripts/plot_metrics.py"
    command = [script, whole / "bundle.train/metrics.jsonl"]
    svg = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    root = xml.etree.ElementTree.fromstring(svg)
    curves = [element for element in root.iter() if element.tag.endswith("polyline")]
    assert [len(curve.get("points").split()) for curve in curves] == [8, 8, 8, 2]
    assert "grey" in svg


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(whole, threads):
    train(whole, "other", "--threads", threads)
    assert folder_bytes("other") == folder_bytes(whole / "bundle")


def start(folder, out, *options) -> subprocess.Popen:
    return subprocess.Popen([PROGRAM, "train", "--config", folder / "train.json", "--out", out, *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def wait_for_steps(program, work, steps):
    file = pathlib.Path(work) / "metrics.jsonl"
    while program.poll() is None and (not file.exists() or file.read_text().count("loss") < steps):
        time.sleep(0.002)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A training that takes a moment, undisturbed."""
    folder = tmp_path_factory.mktemp("long")
    write_tasks(folder)
    write_config(folder / "train.json", steps=120, save_every=7, evaluate_every=0)
    train(folder, folder / "bundle", "--threads", 1)
    return folder


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_interrupted_and_resumed(long, number):
    program = start(long, "other", "--threads", "1")
    wait_for_steps(program, "other.train", 10)
    program.send_signal(number)
    out, err = program.communicate(timeout=60)
    assert program.returncode == Exit.INTERRUPTED, err
    assert out == "" and "--resume" in err.splitlines()[-1]
    assert not pathlib.Path("other").exists()
    done = int(read_safetensors("other.train/state.safetensors").metadata["dnd.step"])
    assert 10 <= done < 120
    train(long, "other", "--resume", "--threads", 2)
    assert folder_bytes("other") == folder_bytes(long / "bundle")
    assert steps_of("other.train") == list(range(1, 121))
    assert losses("other.train") == losses(long / "bundle.train")


def test_killed_and_resumed(long):
    program = start(long, "other")
    wait_for_steps(program, "other.train", 30)
    program.kill()
    program.communicate()
    done = int(read_safetensors("other.train/state.safetensors").metadata["dnd.step"])
    assert done % 7 == 0 and done >= 28
    train(long, "other", "--resume", "--threads", 3)
    assert folder_bytes("other") == folder_bytes(long / "bundle")
    assert steps_of("other.train") == list(range(1, 121))


def test_two_trainings_do_not_share_a_folder(long):
    program = start(long, "other", "--threads", "1")
    wait_for_steps(program, "other.train", 10)
    program.send_signal(signal.SIGSTOP)
    for option in ("--force", "--resume"):
        message = train(long, "other", option, expect=Exit.CANNOT_CREATE).err
        assert "other.train/lock: another training is at work there" in message
    program.send_signal(signal.SIGCONT)
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == Exit.INTERRUPTED
    train(long, "other", "--resume")
    assert folder_bytes("other") == folder_bytes(long / "bundle")


def test_another_training_is_not_resumed(whole):
    write_config(whole / "changed.json", learning_rate=0.001, steps=9)
    message = dnd("train", "--config", whole / "changed.json", "--out", "x", "--work", whole / "bundle.train",
                  "--resume", expect=Exit.DATA).err
    assert "learning_rate: 0.002 there, 0.001 here" in message
    assert "steps: 8 there, 9 here" in message
    assert "seed" not in message


def files_below(folder) -> dict[pathlib.Path, bytes]:
    return {path: path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()}


def test_another_training_leaves_what_is_there(whole):
    """It is told before anything is written: other prompts would have their conditions encoded."""
    shutil.copytree(whole, "other")
    write_prompts("other/prompts/red.jsonl", ["quite", "another"])
    write_config("other/train.json", seed=77)
    before = files_below("other/bundle.train")
    call = ["train", "--config", "other/train.json", "--out", "x", "--work", "other/bundle.train", "--resume"]
    assert "seed" in dnd(*call, engine=False, expect=Exit.DATA).err
    assert files_below("other/bundle.train") == before


def test_a_finished_training_is_printed_again(whole):
    """As `generate --resume` does: what is finished counts as just made."""
    before = files_below(whole / "bundle"), files_below(whole / "bundle.train")
    again = train(whole, whole / "bundle", "--resume")
    assert again.lines == [str(whole / "bundle")] and "finished already" in again.err
    (line,) = train(whole, whole / "bundle", "--resume", "--json").json
    assert (line["path"], line["steps"]) == (str(whole / "bundle"), 8)
    assert (files_below(whole / "bundle"), files_below(whole / "bundle.train")) == before
    shutil.copytree(whole / "bundle.train", "other.train")
    dnd("new", "--layout", LAYOUT, "--features", "4,32,384;70,6,14", "--seed", 1, "--out", "other")
    message = train(whole, "other", "--resume", expect=Exit.CANNOT_CREATE).last_error
    assert "other: exists already, made by another training (--force replaces it)" in message


def test_nothing_is_overwritten_unasked(whole):
    before = folder_bytes(whole / "bundle")
    call = ["train", "--config", whole / "train.json", "--out"]
    assert "--force" in fails(Exit.CANNOT_CREATE, *call, whole / "bundle")
    assert "--resume" in fails(Exit.CANNOT_CREATE, *call, "new", "--work", whole / "bundle.train")
    pathlib.Path("mine").mkdir()
    pathlib.Path("mine/file").touch()
    assert "bundle" in fails(Exit.CANNOT_CREATE, *call, "mine", "--force")
    assert folder_bytes(whole / "bundle") == before


def test_dry_run(whole):
    (line,) = dnd("train", "--json", "--config", whole / "train.json", "--out", "x", "--dry-run", engine=False).json
    assert (line["tasks"], line["held_out"], line["checkpoints"], line["prompts_distinct"]) == (3, 1, 6, 18)
    assert line["steps"] == 8 and line["parameter_bytes"] > 4 * line["parameters"]
    text = train(whole, "x", "--dry-run", engine=False).out
    assert "6, all fit the layout" in text
    assert "exists already" in train(whole, whole / "bundle", "--dry-run", engine=False, expect=Exit.CANNOT_CREATE).err
    train(whole, whole / "bundle", "--dry-run", "--force", engine=False)
    pathlib.Path("file").touch()
    train(whole, "file/x", "--dry-run", engine=False, expect=Exit.CANNOT_CREATE)
    train(whole, "x", "--resume", "--dry-run", engine=False)
    assert f"{line['target_bytes'] / 1000:.3g} kB targets" in text
    assert not pathlib.Path("x.train").exists()


def run(out="bundle", expect=Exit.DONE, **changes):
    write_config(**changes)
    return dnd("train", "--config", "train.json", "--out", out, "--threads", 2, expect=expect)


@pytest.mark.parametrize("change", [{"residual": True}, {"targets": "canonical"}, {"loss": "update"},
                                    {"module_weights": {"mlp.up_proj": 3.0}}, {"criterion_weights": False},
                                    {"noise": {"condition": 0.0, "target": 0.0}}])
def test_options_change_what_is_learnt(whole, change):
    write_tasks(".")
    run(**change)
    assert losses("bundle.train")[0] != losses(whole / "bundle.train")[0]
    assert all(map(math.isfinite, losses("bundle.train")))
    dnd("generate", "--model", "bundle", "--prompts", "prompts/red.jsonl", "--out", "out")


def test_the_loss_on_updates_falls():
    write_tasks(".", train=("red", "blue"), checkpoints=1)
    run(loss="update", steps=60, learning_rate=0.005)
    assert losses("bundle.train")[-1] < 0.9 * losses("bundle.train")[0]


def test_a_residual_generator_begins_at_the_mean_adapter():
    write_tasks(".")
    run(residual=True, steps=1, learning_rate=1e-12, evaluate_every=1, targets="canonical")
    weights = read_safetensors("bundle/decoder.safetensors")
    assert weights.tensors["mean_tokens"]["shape"] == [70, 6, 14]
    assert json.loads(pathlib.Path("bundle/generator.json").read_text())["decoder"]["residual"] is True
    run("again", residual=True, steps=2, generator={"start": str(pathlib.Path("bundle").resolve())})
    assert read_safetensors("again/decoder.safetensors").values("mean_tokens") == weights.values("mean_tokens")
    write_config(residual=False, generator={"start": str(pathlib.Path("bundle").resolve())})
    message = dnd("train", "--config", "train.json", "--out", "x", expect=Exit.DATA).err
    assert "residual" in message


def test_half_precision_weights(whole):
    write_tasks(".")
    run(generator={**train_config()["generator"], "weights_dtype": "f16"})
    weights = read_safetensors("bundle/decoder.safetensors")
    full = read_safetensors(whole / "bundle/decoder.safetensors")
    name = "model.decoder.module_list.0.linear2.weight"
    assert weights.tensors[name]["dtype"] == "F16"
    assert weights.scaled_values(name) == pytest.approx(full.values(name), rel=2**-11, abs=0)


def test_it_starts_from_half_precision_weights(whole):
    write_tasks(".")
    half = {**train_config()["generator"], "weights_dtype": "f16"}
    run("half", generator=half, steps=1)
    start = {"start": str(pathlib.Path("half").resolve()), "weights_dtype": "f32"}
    run("full", generator=start, steps=1, learning_rate=1e-12)
    got, stored = (read_safetensors(f"{bundle}/decoder.safetensors") for bundle in ("full", "half"))
    convolutions = [name for name, tensor in got.tensors.items() if len(tensor["shape"]) == 4]
    assert any(any(stored.exponents(name)) for name in convolutions)
    for name in convolutions:
        assert got.values(name) == pytest.approx(stored.scaled_values(name), rel=1e-6, abs=1e-9)
    assert "channel_exponents" not in json.loads(pathlib.Path("full/generator.json").read_text())["decoder"]


def test_it_starts_from_a_bundle(whole):
    write_tasks(".")
    run("first", steps=2)
    run("second", steps=2, generator={"start": str(whole / "bundle")})
    assert losses("second.train")[0] < losses("first.train")[0]
    provenance = json.loads(pathlib.Path("second/generator.json").read_text())["provenance"]
    assert provenance["start_sha256"] == json.loads((whole / "bundle/generator.json").read_text())["decoder"]["sha256"]


def test_bf16_autocast(whole):
    write_tasks(".")
    write_config()
    train(pathlib.Path("."), "bundle", "--precision", "bf16")
    ours, exact = losses("bundle.train"), losses(whole / "bundle.train")
    assert ours != exact and ours == pytest.approx(exact, rel=0.02)


def test_a_training_that_diverges_stops():
    write_tasks(".")
    message = run(learning_rate=1e30, save_every=1, expect=Exit.DATA).last_error
    assert "step 2: loss" in message and "learning rate" in message
    assert read_safetensors("bundle.train/state.safetensors").metadata["dnd.step"] == "1"
    assert not pathlib.Path("bundle").exists()


def test_progress_without_a_terminal(whole):
    err = train(whole, "other").err
    assert "step 8/8, loss 0." in err and "examples/s" in err
    again = train(whole, "third", "--resume", "--work", whole / "bundle.train")
    assert "8 steps, 8 of them done" in again.err
    assert folder_bytes("third") == folder_bytes("other")


def test_cuda_needs_what_it_needs(whole):
    call = ["x", "--device", "cuda"]
    message = train(whole, *call, expect=Exit.UNAVAILABLE, env={"DND_TORCH_CUDA": "/nonexistent"}).last_error
    assert "its CUDA half is not here (no /nonexistent)" in message
    assert not pathlib.Path("x").exists()


def test_a_process_takes_the_gpu_of_its_rank(whole):
    if not PYTORCH.exists():
        pytest.skip("no PyTorch with CUDA (scripts/setup_interop.sh)")
    env = {"DND_TORCH_CUDA": str(PYTORCH), "LOCAL_RANK": "97"}
    result = train(whole, "x", "--device", "cuda", expect=Exit.UNAVAILABLE, env=env)
    assert "device cuda:97: LibTorch finds" in result.last_error


@pytest.mark.parametrize("precision", ["exact", "bf16"])
def test_a_gpu_learns_what_the_cpu_does(whole, precision):
    env = {"DND_TORCH_CUDA": str(PYTORCH)}
    if not json.loads(dnd("--json", "doctor").out)["engine"]["cuda"]["ok"] or not PYTORCH.exists():
        pytest.skip("no CUDA device, or no PyTorch for it")
    train(whole, "gpu", "--device", "cuda", "--precision", precision, env=env)
    expected = losses(whole / "bundle.train")
    assert losses("gpu.train") == pytest.approx(expected, rel=1e-4 if precision == "exact" else 3e-2)


def test_few_prompts_are_warned_about():
    write_tasks(".", prompts=3)
    assert "3 prompts, the generator takes 4" in run(steps=1).err


def bad_data(**changes) -> str:
    """The message of a training that must be refused before the first step."""
    write_config(**changes)
    message = dnd("train", "--config", "train.json", "--out", "bundle", expect=Exit.DATA, engine=False).err
    assert "bundle" not in tree() and "bundle.train" not in tree()
    return message


@pytest.mark.parametrize("damage, words", [
    ({"leave_out": "layers.1.mlp.up_proj"}, ["adapters/blue/step-1", "model.layers.1.mlp.up_proj"]),
    ({"rank": 3}, ["adapters/blue/step-1", "rank 3"]),
    ({"poison": "layers.0.self_attn.k_proj.lora_B"},
     ["adapters/blue/step-1", "model.layers.0.self_attn.k_proj", "nan"]),
    ({"base": "example/other"}, ["adapters/blue/step-1", "example/other", "example/nano"]),
])
def test_bad_checkpoints(damage, words):
    write_tasks(".")
    write_adapter("adapters/blue/step-1", seed=7, **damage)
    message = bad_data()
    assert all(word in message for word in words), message


def test_empty_prompts():
    write_tasks(".")
    pathlib.Path("prompts/red.jsonl").write_text('{"prompt": "  "}\n')
    assert "prompts/red.jsonl" in bad_data()


def test_a_task_twice():
    write_tasks(".")
    tasks = json.loads(pathlib.Path("tasks.json").read_text())
    tasks["held_out"].append(tasks["train"][0])
    pathlib.Path("tasks.json").write_text(json.dumps(tasks))
    assert "'red'" in bad_data()


@pytest.mark.parametrize("changes, words", [
    ({"stepz": 3}, ["stepz"]),
    ({"steps": 0}, ["'steps'"]),
    ({"micro_batch": 5}, ["'micro_batch'", "from 1 to 4"]),
    ({"learning_rate": -1}, ["'learning_rate'"]),
    ({"betas": [0.9, 1.0]}, ["'betas'"]),
    ({"noise": {"weights": 1}}, ["noise", "weights"]),
    ({"module_weights": {"mlp.up": 1.0}}, ["mlp.up", "layout"]),
    ({"targets": "svd"}, ["'targets'", "canonical"]),
    ({"generator": {**train_config()["generator"], "features": [[4, 24, 384], [70, 6, 13]]}}, ["[70, 6, 13]"]),
    ({"generator": {**train_config()["generator"], "dropout": 0.1}}, ["dropout"]),
    ({"generator": {**train_config()["generator"], "weights_dtype": "bf16"}}, ["weights_dtype"]),
])
def test_bad_configs(changes, words):
    write_tasks(".")
    message = bad_data(**changes)
    assert all(word in message for word in words), message
