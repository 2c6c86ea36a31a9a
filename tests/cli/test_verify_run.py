"""verify --run: what an adapter does to the logits of its base, run natively."""

import json
import pathlib
import shutil

import pytest
from support import Exit, dnd, fails, read_safetensors
from test_verify import LLAMA, QWEN2, not_a_number, rewrite, wrong_prefix, zero_b

BASES = {"qwen2": QWEN2, "llama": LLAMA}
IDS = ",".join(map(str, range(1, 17)))  # of the golden logits


def run(adapter, *options, base=QWEN2 / "base", expect=Exit.DONE) -> dict:
    return dnd("verify", adapter, "--base", base, "--run", *options, "--json", expect=expect).json[0]


@pytest.mark.parametrize("base", BASES)
def test_logits_are_those_of_transformers_and_peft(base):
    folder = BASES[base]
    report = run(folder / "adapter", "--ids", IDS, "--logits-out", "logits.safetensors", base=folder / "base")
    assert report["ok"] and report["findings"] == []
    golden = read_safetensors(folder / "logits.safetensors").values("logits_fp32_with_adapter")
    written = read_safetensors("logits.safetensors")
    assert written.tensors["adapted"]["shape"] == written.tensors["base"]["shape"] == [16, 96]
    largest = max(map(abs, golden))
    assert max(abs(a - b) for a, b in zip(written.values("adapted"), golden, strict=True)) < 1e-5 * largest
    changes = [abs(a - b) for a, b in zip(written.values("adapted"), written.values("base"), strict=True)]
    assert report["run"]["largest_change"] == pytest.approx(max(changes), rel=1e-6)
    assert report["run"]["positions"] == 16 and report["run"]["kl_nats"] > 0


def test_every_format_of_an_adapter_runs_alike():
    reports = [run(QWEN2 / name, "--ids", "5,6,7")["run"] for name in ("adapter", "adapter-f32.gguf")]
    assert reports[0] == reports[1]


def test_threads_do_not_change_a_byte():
    for threads in (1, 3):
        run(QWEN2 / "adapter", "--threads", threads, "--logits-out", f"{threads}.safetensors")
    one, three = (pathlib.Path(f"{threads}.safetensors").read_bytes() for threads in (1, 3))
    assert one == three


def test_the_ids_are_always_the_same_where_none_are_given():
    first, second = (run(QWEN2 / "adapter")["run"] for _ in range(2))
    assert first == second and len(first["ids"]) == 16


@pytest.mark.parametrize("change, reason", [
    (zero_b, "the adapter does nothing"),
    (not_a_number, "are not finite with the adapter"),
    (wrong_prefix, "made for another base?"),
], ids=lambda value: value.__name__ if callable(value) else "")
def test_what_does_not_act_is_found_by_running_too(tmp_path, change, reason):
    report = run(rewrite(tmp_path / "a", change), expect=Exit.DATA)
    found = [f["message"] for f in report["findings"] if f["check"] == "run"]
    assert not report["ok"] and len(found) == 1 and reason in found[0]


def test_people_read_it_too():
    text = dnd("verify", QWEN2 / "adapter", "--base", QWEN2 / "base", "--run").out
    assert "  run: logits of 16 positions change by up to 0." in text


def test_the_base_is_opened_once_for_several_adapters(tmp_path):
    result = dnd("verify", QWEN2 / "adapter", rewrite(tmp_path / "a", zero_b), "--base", QWEN2 / "base", "--run",
                 "--json", expect=Exit.DATA)
    assert [r["ok"] for r in result.json] == [True, False]


def test_calls_that_make_no_sense():
    adapter, base = QWEN2 / "adapter", QWEN2 / "base"
    assert "--run needs --base" in dnd("verify", adapter, "--run", expect=Exit.USAGE).last_error
    assert "--run needs --base" in fails(Exit.USAGE, "verify", adapter, "--base", base / "config.json", "--run")
    assert "requires --run" in fails(Exit.USAGE, "verify", adapter, "--base", base, "--ids", "1")
    assert "excludes" in fails(Exit.USAGE, "verify", adapter, "--base", base, "--run", "--ids", "1", "--prompt", "x")
    assert "takes one adapter" in fails(Exit.USAGE, "verify", adapter, adapter, "--base", base, "--run",
                                        "--logits-out", "x.safetensors")
    assert "id 96 is outside the vocabulary" in fails(Exit.DATA, "verify", adapter, "--base", base, "--run", "--ids",
                                                      "96", engine=True)
    assert "neither tokenizer.json nor" in fails(Exit.DATA, "verify", adapter, "--base", base, "--run", "--prompt",
                                                 "x", engine=True)
    fails(Exit.UNAVAILABLE, "verify", adapter, "--base", base, "--run")


def test_without_a_tokenizer_ids_are_run_and_that_is_said():
    result = dnd("verify", QWEN2 / "adapter", "--base", QWEN2 / "base", "--run")
    assert "holds neither tokenizer.json nor tokenizer.model" in result.err and "; ids are run" in result.err
    assert "ids are run" not in dnd("verify", QWEN2 / "adapter", "--base", QWEN2 / "base", "--run", "--ids", "1").err


def test_an_existing_file_is_not_replaced():
    open("logits.safetensors", "w").close()
    message = fails(Exit.CANNOT_CREATE, "verify", QWEN2 / "adapter", "--base", QWEN2 / "base", "--run",
                    "--logits-out", "logits.safetensors", engine=True)
    assert "logits.safetensors" in message


def test_bases_that_cannot_be_run(tmp_path):
    base = shutil.copytree(QWEN2 / "base", tmp_path / "base")
    config = json.loads((base / "config.json").read_text())

    def refused(**changes) -> str:
        (base / "config.json").write_text(json.dumps(config | changes))
        return fails(Exit.DATA, "verify", QWEN2 / "adapter", "--base", base, "--run", engine=True)

    assert "architecture 'MixtralForCausalLM' cannot be run" in refused(architectures=["MixtralForCausalLM"])
    assert "'model.embed_tokens.weight': shape [96, 32]" in refused(hidden_size=1 << 24)
    assert "no tensor 'model.layers.2." in refused(num_hidden_layers=1000, layer_types=None)
    assert "is not part of a Qwen2ForCausalLM" in refused(num_hidden_layers=1, layer_types=None)
    assert "expected an integer from 1" in refused(vocab_size=1 << 62)
    (base / "config.json").write_text(json.dumps(config))
    (base / "model.safetensors").unlink()
    fails(Exit.NO_INPUT, "verify", QWEN2 / "adapter", "--base", base, "--run", engine=True)
