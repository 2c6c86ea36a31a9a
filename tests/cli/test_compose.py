"""compose: adapters -> one adapter that acts as their weighted sum."""

import json
import math
import pathlib
import shutil

import pytest
from support import DATA, Exit, dnd, fails, folder_bytes, read_adapter, tree

ADAPTER = DATA / "interop/llama/adapter"
MODULES = 14
QUERY = "base_model.model.model.layers.0.self_attn.q_proj"


def product(folder, module: str = QUERY) -> list[float]:
    """scale * B A of one module, row by row."""
    adapter = read_adapter(folder)
    config = json.loads((pathlib.Path(folder) / "adapter_config.json").read_text())
    rank, inner = adapter.tensors[f"{module}.lora_A.weight"]["shape"]
    a, b = (adapter.values(f"{module}.lora_{factor}.weight") for factor in "AB")
    scale = config["lora_alpha"] / rank
    return [scale * sum(b[o * rank + r] * a[r * inner + i] for r in range(rank))
            for o in range(len(b) // rank) for i in range(inner)]


def distance(found: list[float], expected: list[float]) -> float:
    return math.dist(found, expected) / math.hypot(*expected)


def readable(folder, name: str) -> str:
    """A copy with a README.md, as `read_adapter` wants it."""
    shutil.copytree(folder, name)
    (pathlib.Path(name) / "README.md").write_text("---\n")
    return name


def test_concat_adds_ranks():
    one = product(readable(ADAPTER, "one"))
    (line,) = dnd("--json", "compose", "one", "one:-0.25", "--out", "out", engine=False).json
    assert line == {"path": "out", "method": "concat", "rank": 8, "modules": MODULES, "lost": 0.0, "lost_by_module": {}}
    config = json.loads(pathlib.Path("out/adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["base_model_name_or_path"]) == (8, 8, "example/llama-tiny")
    assert distance(product("out"), [0.75 * value for value in one]) < 1e-6
    assert read_adapter("out").metadata["dnd.composed_from"] == "one:1, one:-0.25"


def test_svd_says_what_is_lost():
    one = product(readable(ADAPTER, "one"))
    result = dnd("--json", "compose", "one", "--method", "svd", "--rank", 2, "--out", "out", engine=False)
    (line,) = result.json
    lost = line["lost_by_module"][QUERY.removeprefix("base_model.model.")]
    assert len(line["lost_by_module"]) == MODULES and 0 < line["lost"] < 1
    assert distance(product("out"), one) == pytest.approx(lost, abs=1e-5)
    assert result.err.count("\n") == 1 and "in all" in result.err and "the most: " in result.err


def test_add_keeps_the_rank():
    one = product(readable(ADAPTER, "one"))
    dnd("compose", "one", "one", "--weights", "0.5,1.5", "--method", "add", "--out", "out", engine=False)
    assert read_adapter("out").tensors[f"{QUERY}.lora_A.weight"]["shape"][0] == 4
    assert distance(product("out"), [2 * value for value in one]) < 1e-5


def test_element_types_and_the_same_bytes_every_time():
    for name in "ab":
        dnd("compose", ADAPTER, "--method", "svd", "--rank", 3, "--adapter-dtype", "bf16", "--out", name, engine=False)
    assert folder_bytes("a") == folder_bytes("b")
    assert {tensor["dtype"] for tensor in read_adapter("a").tensors.values()} == {"BF16"}


def test_two_bases_are_warned_of():
    for name in ("base1", "base2"):
        config = pathlib.Path(shutil.copytree(ADAPTER, name)) / "adapter_config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": name}))
    assert "made for base2, base1 for base1" in dnd("compose", "base1", "base2", "--out", "out", engine=False).err


@pytest.mark.parametrize("arguments, code, words", [
    ((ADAPTER, "--method", "svd"), Exit.USAGE, ["--rank"]),
    ((ADAPTER, "--method", "add", "--rank", 2), Exit.USAGE, ["--rank", "svd"]),
    ((ADAPTER, "--method", "sum"), Exit.USAGE, ["concat"]),
    ((ADAPTER, ADAPTER, "--weights", "1"), Exit.USAGE, ["1 weights for 2 adapters"]),
    ((f"{ADAPTER}:2", "--weights", "1"), Exit.USAGE, ["beside --weights"]),
    ((ADAPTER, "--weights", "nan"), Exit.USAGE, ["finite"]),
    (("none",), Exit.NO_INPUT, ["none"]),
])
def test_calls_that_do_not_fit(arguments, code, words):
    message = fails(code, "compose", *arguments, "--out", "out")
    assert all(word in message for word in words)
    assert tree() == set()


def test_taken_places():
    dnd("compose", ADAPTER, "--out", "out", engine=False)
    assert "exists already" in fails(Exit.CANNOT_CREATE, "compose", ADAPTER, "--out", "out")
    dnd("compose", ADAPTER, "--out", "out", "--force", engine=False)
    pathlib.Path("mine").mkdir()
    pathlib.Path("mine/diary").touch()
    fails(Exit.CANNOT_CREATE, "compose", ADAPTER, "--out", "mine", "--force")
