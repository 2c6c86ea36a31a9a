"""layout: config.json of a base model -> adapter layout, as the released generators have it."""

import json
import pathlib

import pytest
from support import DATA, ROOT, Exit, dnd, fails, tree

TARGETS = DATA / "targets"
PRESETS = {  # preset -> config.json of its base model
    "qwen2.5-0.5b": "qwen2.5-0.5b-instruct",
    "qwen2.5-1.5b-code": "qwen2.5-1.5b-instruct",
    "qwen2.5-1.5b-math": "qwen2.5-1.5b-instruct",
    "qwen2.5-7b-code": "qwen2.5-7b-instruct",
    "qwen2.5-7b-math": "qwen2.5-7b-instruct",
    "qwen2.5-vl-3b": "qwen2.5-vl-3b-instruct",
}
SMALL = TARGETS / "qwen2.5-0.5b-instruct"


def layout(base, *options) -> dict:
    return json.loads(dnd("layout", "--base", base, *options, engine=False).out)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_layouts_of_the_released_generators(preset):
    expected = json.loads((ROOT / f"models/presets/{preset}.json").read_text())["layout"]
    derived = layout(TARGETS / PRESETS[preset], "--rank", expected["rank"], "--name", expected["base_model"])
    assert derived == {"alpha": 2 * expected["rank"], **expected}


def test_to_a_file():
    text = dnd("layout", "--base", SMALL / "config.json", engine=False).out
    assert dnd("layout", "--base", SMALL, "--out", "l.json", engine=False).out == "l.json\n"
    assert pathlib.Path("l.json").read_text() == text
    fails(Exit.CANNOT_CREATE, "layout", "--base", SMALL, "--out", "l.json")
    (line,) = dnd("layout", "--json", "--base", SMALL, "--out", "l.json", "--force", engine=False).json
    assert (line["path"], line["tokens"], line["parameters"]) == ("l.json", [4296, 10, 130], 4399104)


def test_rank_and_alpha():
    made = layout(SMALL, "--rank", 16, "--alpha", 5)
    assert (made["rank"], made["alpha"], made["token_shape"]) == (16, 5, [18, 130])


def test_a_narrower_last_chunk():
    made = layout(SMALL, "--chunk-width", 100)
    assert made["token_shape"] == [10, 102]
    query = made["blocks"][0]["modules"][0]
    assert (query["in"], query["chunks_a"], query["chunks_b"]) == (896, 9, 9)
    pathlib.Path("l.json").write_text(json.dumps(made))
    assert dnd("inspect", "--json", "l.json", engine=False).json[0]["parameters"] == 4399104


@pytest.mark.parametrize("config, words", [
    ({"architectures": ["GPT2LMHeadModel"]}, ["'GPT2LMHeadModel'", "supported", "Qwen2ForCausalLM"]),
    ({"architectures": ["Qwen2ForCausalLM"]}, ["hidden_size"]),
    ({"architectures": []}, ["architectures"]),
    ([], ["config.json"]),
])
def test_unusable_configs(config, words):
    pathlib.Path("config.json").write_text(json.dumps(config))
    message = fails(Exit.DATA, "layout", "--base", ".")
    assert all(word in message for word in words), message
    assert tree() == {"config.json"}


@pytest.mark.parametrize("key, value", [("hidden_size", 0), ("hidden_size", -896), ("num_hidden_layers", 2**40),
                                        ("intermediate_size", "4864"), ("num_attention_heads", 0)])
def test_impossible_sizes(key, value):
    config = json.loads((SMALL / "config.json").read_text()) | {key: value}
    pathlib.Path("config.json").write_text(json.dumps(config))
    assert key in fails(Exit.DATA, "layout", "--base", "config.json")
