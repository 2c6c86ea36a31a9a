"""Many adapters a call: tasks, their folders, what is there already, parts of a job array."""

import os
import pathlib
import shutil

import pytest
from support import QUESTIONS, Exit, dnd, fails, folder_bytes, prompts_sha256, read_adapter, sha256, tree, write_prompts


def test_one_adapter_per_task(bundle, adapter):
    pairs = [(task, q) for q in QUESTIONS[:4] for task in ("math", "größe 2")] + [("math", "more")]
    prompts = write_prompts("all.jsonl", pairs)
    result = dnd("generate", "--json", "--model", bundle, "--prompts", prompts, "--select", "first")
    assert [(line["task"], line["path"]) for line in result.json] == [
        ("math", "adapters/all/math"), ("größe 2", "adapters/all/größe 2")]
    assert folder_bytes("adapters/all/größe 2") == folder_bytes(adapter)
    assert read_adapter("adapters/all/math").metadata["dnd.selection"] == "first"


def test_task_option_names_the_whole_input(bundle, adapter):
    prompts = write_prompts("all.jsonl", [(f"t{i}", q) for i, q in enumerate(QUESTIONS[:4])])
    (line,) = dnd("generate", "--json", "--model", bundle, "--prompts", prompts, "--task", "x", "--out", "out").json
    assert (line["task"], line["path"]) == ("x", "out")
    assert folder_bytes("out") == folder_bytes(adapter)


def test_variants_of_tasks(bundle, three_tasks):
    call = ["generate", "--model", bundle, "--prompts", three_tasks, "--out", "out", "--variants", 2]
    assert dnd(*call).lines == [f"out/{task}/v00{v}" for task in "abc" for v in range(2)]


@pytest.mark.parametrize("options", [[], ["--batch-size", 2],
                                     *(pytest.param(more, marks=pytest.mark.slow) for more in (
                                         ["--batch-size", 1], ["--batch-size", 64], ["--precision", "bf16"]))])
def test_one_call_makes_what_a_call_per_task_makes(bundle, options):
    pairs = [(task, f"{task} {i}: {q}") for task in "abcde" for i, q in enumerate(QUESTIONS[:4])]
    prompts = write_prompts("five.jsonl", pairs)
    call = ["generate", "--model", bundle, *options]
    assert dnd(*call, "--prompts", prompts, "--out", "out").lines == [f"out/{task}" for task in "abcde"]
    for task in "abcde":
        dnd("generate", "--model", bundle, *options[2 * ("--batch-size" in options):], "--out", f"alone/{task}",
            "--prompts", write_prompts(f"{task}.jsonl", [pair for pair in pairs if pair[0] == task]), "--task", task)
        assert folder_bytes(f"out/{task}") == folder_bytes(f"alone/{task}")
    assert len({sha256(f"out/{task}/adapter_model.safetensors") for task in "abcde"}) == 5


@pytest.mark.parametrize("precision", ["fast", "exact"])
def test_prompts_that_several_tasks_have_are_encoded_once(bundle, precision):
    pairs = [("a", QUESTIONS[i]) for i in (0, 1, 2, 3, 4)] + [("b", QUESTIONS[i]) for i in (3, 9, 3, 1)]
    prompts = write_prompts("all.jsonl", pairs)
    call = ["generate", "--model", bundle, "--prompts", prompts, "--variants", 2, "--precision", precision]
    together = dnd(*call, "--out", "together", "--verbose")
    dnd(*call, "--out", "alone", "--batch-size", 1)
    encoded = [line.split()[2] for line in together.err.splitlines() if "the others are known" in line]
    assert len(together.lines) == len(encoded) + 1 == 4
    # The first four prompts of `a`, then the fifth at most; of `b` what `a` did not bring; then nothing.
    assert int(encoded[0]) <= 1 and 1 <= int(encoded[1]) <= 3 and encoded[2] == "0"
    for path in together.lines:
        assert folder_bytes(path) == folder_bytes(path.replace("together", "alone"))
    assert len({sha256(f"{path}/adapter_model.safetensors") for path in together.lines}) == 4
    for task in "ab":  # a call for one adapter has nothing to share
        own = write_prompts(f"{task}.jsonl", [pair for pair in pairs if pair[0] == task])
        single = dnd("generate", "--model", bundle, "--prompts", own, "--precision", precision, "--out", "single",
                     "--verbose")
        assert "the others are known" not in single.err
        assert folder_bytes(f"single/{task}") == folder_bytes(f"together/{task}/v000")


@pytest.mark.parametrize("cut", [1, -4000])
def test_what_no_task_can_do_without_fails_at_once(bundle, three_tasks, cut):
    shutil.copytree(bundle, "broken")
    weights = pathlib.Path("broken/decoder.safetensors")
    weights.write_bytes(weights.read_bytes()[:cut])
    result = dnd("generate", "--model", "broken", "--prompts", three_tasks, "--out", "out", expect=Exit.DATA)
    assert result.out == "" and result.err.count("error") == 1 and "decoder.safetensors" in result.last_error
    assert not os.path.exists("out/a")


def test_stages_of_a_batch_add_up(bundle, three_tasks):
    lines = dnd("generate", "--json", "--model", bundle, "--prompts", three_tasks, "--out", "out").json
    assert [line["seconds"]["load"] > 0 for line in lines] == [True, False, False]
    assert len({line["seconds"]["decode"] for line in lines}) == 1 and lines[0]["seconds"]["decode"] > 0


def test_the_estimate_knows_the_batch(bundle):
    prompts = write_prompts("ten.jsonl", [(f"t{task}", "q") for task in range(10)])

    def estimate(*options):
        (line,) = dnd("generate", "--json", "--model", bundle, "--prompts", prompts, "--dry-run", *options,
                      engine=False).json
        return line["batch_size"], line["activation_bytes"]

    assert estimate()[0] == 8 and estimate("--task", "all")[0] == 1
    assert estimate("--batch-size", 64)[0] == 10
    sizes = [estimate("--batch-size", size)[1] for size in (1, 2, 4)]
    assert sizes[0] < sizes[1] < sizes[2] < 4 * sizes[0]


def test_records_with_and_without_task_do_not_mix(bundle):
    pathlib.Path("mixed.jsonl").write_text('{"prompt": "a", "task": "t"}\n{"prompt": "b"}\n')
    message = fails(Exit.DATA, "generate", "--model", bundle, "--prompts", "mixed.jsonl")
    assert "line 2" in message and "'task'" in message


@pytest.mark.parametrize("name", ["../escape", "..", ".", "a/b", "/tmp/escape", "a\\b", ".hidden", "x" * 101, "ü" * 51,
                                  "a\nb", "a\x1b[31m", "a\x7f"])
def test_task_names_stay_folder_names(bundle, name):
    call = ["generate", "--model", bundle, "--out", "deep/out", "--prompts"]
    records, plain = write_prompts("records.jsonl", [(name, "q")]), write_prompts("plain.jsonl", ["q"])
    for message in (fails(Exit.DATA, *call, records), fails(Exit.DATA, *call, plain, "--task", name)):
        assert "task name" in message and message.isprintable()
    assert tree() == {records, plain}


def test_an_existing_target_is_an_error_before_anything_is_computed(bundle, three_tasks):
    os.makedirs("out/b/data")
    message = fails(Exit.CANNOT_CREATE, "generate", "--model", bundle, "--prompts", three_tasks, "--out", "out")
    assert "out/b: exists and is not a PEFT adapter" in message
    assert tree() == {three_tasks, "out", "out/b", "out/b/data"}


def test_the_same_call_again_prints_what_is_there(bundle, adapter, four):
    """As in a shell line that names the result: llama-cli --lora "$(dnd generate ...)"."""
    call = ["generate", "--model", bundle, "--prompts", four, "--out", "out", "--format", "peft,mlx"]
    first, before = dnd(*call, "--json").json, os.stat("out/adapter_model.safetensors")
    assert dnd(*call, engine=False).out == "out\nout.mlx\n"
    for again, made in zip(dnd(*call, "--json", engine=False).json, first, strict=True):
        seconds = again.pop("seconds")
        assert seconds["total"] == 0 < made.pop("seconds")["total"]
        assert again == made
    assert os.path.samestat(os.stat("out/adapter_model.safetensors"), before)


@pytest.mark.parametrize("change", [["--seed", 1], ["--adapter-dtype", "f32"], ["--precision", "bf16"]])
def test_what_another_call_made_is_an_error_before_anything_is_computed(bundle, three_tasks, change):
    call = ["generate", "--model", bundle, "--prompts", three_tasks, "--out", "out"]
    dnd(*call, "--shard", "1/2")
    before = tree()
    message = fails(Exit.CANNOT_CREATE, *call, *change, engine=False)
    assert "out/b: exists already, made from other inputs (--force replaces it)" in message
    assert tree() == before


def test_an_empty_folder_is_no_obstacle(bundle, adapter, four):
    os.mkdir("out")
    dnd("generate", "--model", bundle, "--prompts", four, "--out", "out/")
    assert folder_bytes("out") == folder_bytes(adapter)


def test_force_replaces(bundle, adapter, ten, four):
    call = ["generate", "--model", bundle, "--out", "out"]
    dnd(*call, "--prompts", ten)
    assert dnd(*call, "--prompts", four, "--force").out == "out\n"
    assert folder_bytes("out") == folder_bytes(adapter)
    assert tree() == {ten, four, "out"} | {f"out/{name}" for name in folder_bytes(adapter)}


@pytest.mark.parametrize("option", ["--force", "--resume"])
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_an_adapter_is_never_touched(bundle, four, option, kind):
    pathlib.Path("thesis").mkdir()
    pathlib.Path("thesis/chapter1.tex").write_text("\\section{One}")
    out = {"folder": "thesis", "file": "thesis/chapter1.tex", "link": "link"}[kind]
    if kind == "link":
        os.symlink("thesis", out)
    before = tree()
    message = fails(Exit.CANNOT_CREATE, "generate", "--model", bundle, "--prompts", four, "--out", out, option)
    assert f"{out}: exists and is not a PEFT adapter" in message
    assert tree() == before


def test_force_and_resume_exclude_each_other(bundle, four):
    message = fails(Exit.USAGE, "generate", "--model", bundle, "--prompts", four, "--force", "--resume")
    assert "--force" in message and "--resume" in message


def test_shards_are_a_partition_and_resume_fills_the_rest(bundle, three_tasks):
    call = ["generate", "--model", bundle, "--prompts", three_tasks, "--out", "out"]
    assert dnd(*call, "--shard", "1/2").lines == ["out/b"]
    before = os.stat("out/b")
    assert dnd(*call, "--shard", "0/2").lines == ["out/a", "out/c"]
    finished = dnd(*call, "--resume", engine=False)
    assert finished.lines == ["out/a", "out/b", "out/c"]
    assert "out/b: finished already" in finished.err
    assert os.path.samestat(os.stat("out/b"), before)


def test_resume_makes_only_what_is_missing(bundle, three_tasks):
    call = ["generate", "--model", bundle, "--prompts", three_tasks, "--out", "out"]
    dnd(*call, "--shard", "0/2")
    before = {task: os.stat(f"out/{task}") for task in "ac"}
    assert dnd(*call, "--resume").lines == ["out/a", "out/b", "out/c"]
    assert all(os.path.samestat(os.stat(f"out/{task}"), was) for task, was in before.items())


@pytest.mark.parametrize("change", [["--seed", 1], ["--adapter-dtype", "f32"], ["--precision", "bf16"],
                                    ["--prompts", "other.jsonl"]])
def test_resume_refuses_an_adapter_of_other_inputs(bundle, adapter, four, change):
    write_prompts("other.jsonl", QUESTIONS[1:5])
    call = ["generate", "--model", bundle, "--out", adapter, "--resume"]
    assert dnd(*call, "--prompts", four, engine=False).lines == [str(adapter)]
    prompts = [] if "--prompts" in change else ["--prompts", four]
    message = fails(Exit.CANNOT_CREATE, *call, *prompts, *change)
    assert "made from other inputs" in message


SLURM = "SLURM_ARRAY_TASK_{}"


@pytest.mark.parametrize("shard, variables, adapters", [
    ("0/3", {}, 2), ("1/3", {}, 2), ("2/3", {}, 1), ("0/1", {}, 5), ("6/7", {}, 0),
    ("auto", {"RANK": "2", "WORLD_SIZE": "3"}, 1),
    ("auto", {SLURM.format("ID"): "0", SLURM.format("COUNT"): "3"}, 2),
    ("auto", {SLURM.format("ID"): "3", SLURM.format("COUNT"): "3", SLURM.format("MIN"): "1"}, 1),
    ("auto", {SLURM.format("ID"): "0", SLURM.format("COUNT"): "3", "RANK": "2", "WORLD_SIZE": "3"}, 2),
    ("auto", {SLURM.format(name): value for name, value in
              {"ID": "4", "COUNT": "3", "MIN": "0", "MAX": "4", "STEP": "2"}.items()}, 1),
])
def test_shard_sizes(bundle, shard, variables, adapters):
    prompts = write_prompts("five.jsonl", [(task, "q") for task in "abcde"])
    (line,) = dnd("generate", "--json", "--model", bundle, "--prompts", prompts, "--shard", shard, "--dry-run",
                  env=variables, engine=False).json
    assert line["adapters"] == adapters


def test_an_empty_shard_is_no_failure(bundle, three_tasks):
    result = dnd("generate", "--model", bundle, "--prompts", three_tasks, "--shard", "3/4", engine=False)
    assert result.out == "" and "nothing to do" in result.err


@pytest.mark.parametrize("shard, variables", [
    ("2/2", {}), ("0/0", {}), ("-1/2", {}), ("1", {}), ("1/2/3", {}), ("a/b", {}), ("0/2x", {}), ("auto", {}),
    ("auto", {"RANK": "1"}), ("auto", {"RANK": "x", "WORLD_SIZE": "2"}), ("auto", {"RANK": "2", "WORLD_SIZE": "2"}),
    ("auto", {SLURM.format("ID"): "0", SLURM.format("COUNT"): "2", SLURM.format("MIN"): "1"}),
    ("auto", {SLURM.format(name): value for name, value in
              {"ID": "2", "COUNT": "3", "MIN": "1", "MAX": "7", "STEP": "1"}.items()}),
])
def test_bad_shards(bundle, three_tasks, shard, variables):
    message = fails(Exit.USAGE, "generate", "--model", bundle, "--prompts", three_tasks, "--shard", shard,
                    env=variables)
    assert "--shard" in message


def test_the_others_are_kept_when_some_fail(bundle):
    pairs = [(task, q if task != "none" else " ") for task in ("a", "none", "z") for q in QUESTIONS[:4]]
    prompts = write_prompts("some.jsonl", pairs)
    result = dnd("generate", "--model", bundle, "--prompts", prompts, "--out", "out", expect=Exit.DATA)
    assert result.lines == ["out/a", "out/z"]
    assert "dnd: error: out/none: " in result.err
    assert result.last_error == "dnd: error: 1 of 3 adapters failed"
    assert sha256("out/a/adapter_model.safetensors") == sha256("out/z/adapter_model.safetensors")
    assert read_adapter("out/a").metadata["dnd.prompts_sha256"] == prompts_sha256(QUESTIONS[:4])
    assert set(os.listdir("out")) == {"a", "z"}
