"""`dnd verify --base` against PEFT itself: what it says of a folder is what happens (verdict_cells.py).

Of the two pairs of PEFT and transformers that it judges the one that is installed is asked; the other is that of
scripts/setup_interop_older.sh.
"""

import json

import peft
import pytest
import verdict_cells
from verdict_cells import BASES, MIXTURES, QUICK, SLOW, Opened, reference, write_adapter

OLDER = peft.__version__.startswith("0.17.")
# transformers 4.57 reads no checkpoint that has an output head and names without "model.".
READABLE = [name for name in BASES if not (OLDER and name == "qwen2-no-prefix")]
RELEASE = f"PEFT {'.'.join(peft.__version__.split('.')[:2])},"


def verdict(dnd, base, adapter) -> str:
    """What the program says of this PEFT; a folder that it does not read at all is a refusal of its own."""
    result = dnd.attempt("verify", "--base", base, adapter, "--json")
    if not result.stdout:
        return f"unread: {result.stderr}"
    judged = next(each for each in json.loads(result.stdout)["runtimes"] if each["runtime"].startswith("PEFT"))
    assert judged["verdict"] == judged["releases"][0]["verdict"]
    return next(each["verdict"] for each in judged["releases"] if each["release"].startswith(RELEASE))


def agree(ours: str, theirs: str) -> bool:
    return ours == theirs or (theirs == "acts" and ours in ("loads", "partly"))


def check(dnd, name: str, cells: dict, folder) -> list[str]:
    """Every cell of a base; the reference's verdicts."""
    BASES[name].write(folder / "base")
    opened = Opened(BASES[name], folder / "base")
    theirs, wrong = [], []
    for cell, make in cells.items():
        tensors, config = make(opened)
        write_adapter(folder / cell, tensors, **config)
        expected, change = reference(opened, folder / cell)
        theirs.append(expected)
        ours = verdict(dnd, folder / "base", folder / cell)
        if not agree(ours, expected):
            wrong.append(f"{cell}: PEFT {expected} ({change:.3g}), dnd {ours}")
    assert not wrong, f"{len(wrong)} of {len(cells)} verdicts on {name}:\n" + "\n".join(wrong)
    return theirs


@pytest.mark.parametrize("name", READABLE)
def test_verdicts(dnd, name, tmp_path):
    theirs = check(dnd, name, QUICK, tmp_path)
    idle = sum(each in ("refuses", "ignores") for each in theirs)
    assert idle >= 0.3 * len(theirs) and len(theirs) - idle >= 0.2 * len(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", READABLE)
def test_more_verdicts(dnd, name, tmp_path):
    check(dnd, name, SLOW, tmp_path)


@pytest.mark.parametrize("name", [name for name in BASES if "moe" in name or name == "mixtral"])
def test_verdicts_on_mixtures(dnd, name, tmp_path):
    check(dnd, name, MIXTURES, tmp_path)


def test_cells_are_many():
    assert len(QUICK) >= 10 and len(BASES) * len(QUICK) > 250
    assert verdict_cells.RANK > 0
