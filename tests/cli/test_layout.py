"""layout: a base model -> adapter layout, as the released generators have it, and features for its decoder."""

import json
import pathlib

import pytest
from support import DATA, ROOT, Exit, dnd, fails, safetensors_bytes, tree

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


def write_model(path, shapes: dict[str, list[int]]) -> None:
    """A safetensors file with these weights as a hole: names and shapes are all that counts."""
    header, end = {}, 0
    for name, (rows, columns) in shapes.items():
        begin, end = end, end + 2 * rows * columns
        header[f"{name}.weight"] = {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [begin, end]}
    content = safetensors_bytes(header)
    with open(path, "wb") as file:
        file.write(content)
        file.truncate(len(content) + end)


def blocks(count: int, *names: str, prefix: str = "model.layers") -> dict[str, list[int]]:
    return {f"{prefix}.{i}.{name}": [128, 256] for i in range(count) for name in names}


def test_any_safetensors_file():
    write_model("m.safetensors", blocks(12, "b", "a") | {"lm_head": [999, 256], "model.embed_tokens": [999, 256]})
    (block,) = layout("m.safetensors", "--rank", 4)["blocks"]
    assert (block["prefix"], block["count"]) == ("model.layers.{i}", 12)
    assert block["modules"] == [{"name": n, "in": 256, "out": 128, "chunks_a": 2, "chunks_b": 1} for n in "ba"]


def test_an_index_of_shards():
    files = {"a.safetensors": blocks(2, "x"), "b.safetensors": blocks(2, "y")}
    for file, shapes in files.items():
        write_model(file, shapes)
    weight_map = {f"{name}.weight": file for file, shapes in files.items() for name in shapes}
    pathlib.Path("m.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert [m["name"] for m in layout("m.safetensors.index.json")["blocks"][0]["modules"]] == ["x", "y"]
    assert layout(".") == layout("m.safetensors.index.json")
    pathlib.Path("b.safetensors").unlink()
    assert "b.safetensors" in fails(Exit.NO_INPUT, "layout", "--base", ".")
    weight_map["x"] = "../b.safetensors"
    pathlib.Path("m.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert "../b.safetensors" in fails(Exit.DATA, "layout", "--base", "m.safetensors.index.json")


def test_what_is_left_out_is_told():
    write_model("m.safetensors", blocks(2, "q_proj", "mlp.gate", "mlp.experts.0.up", "mlp.experts.1.up") |
                blocks(3, "qkv", prefix="visual.blocks") | {"visual.merger.mlp.0": [8, 8], "aligner": [8, 8]})
    result = dnd("layout", "--json", "--base", "m.safetensors", engine=False)
    (line,) = result.json
    assert line["skipped"] == [
        {"reason": "router", "count": 2, "modules": ["model.layers.{i}.mlp.gate"]},
        {"reason": "vision or audio tower", "count": 4, "modules": ["visual.blocks.{i}.qkv", "visual.merger.mlp.0"]},
        {"reason": "outside of repeated blocks", "count": 1, "modules": ["aligner"]},
        {"reason": "experts", "count": 4,
         "modules": ["model.layers.{i}.mlp.experts.0.up", "model.layers.{i}.mlp.experts.1.up"]}]
    assert (line["modules"], line["target_modules"], line["padding"]) == (2, ["q_proj"], 0)
    assert line["parameters"] == 2 * 8 * (128 + 256)
    assert line["layout"] == layout("m.safetensors")
    assert "left out, vision or audio tower: 4 (visual.blocks.{i}.qkv, visual.merger.mlp.0)" in result.err


def test_targets():
    write_model("m.safetensors", blocks(2, "q", "k", "mlp.experts.0.up") | blocks(2, "q", prefix="visual.blocks"))
    def modules(*options):
        return dnd("layout", "--json", "--base", "m.safetensors", *options, engine=False).json[0]["modules"]
    assert modules() == 4
    assert modules("--targets", "q") == 4  # as PEFT: the tower's too
    assert modules("--targets", "model.*.q") == 2
    assert modules("--targets", "q,k") == modules("--targets", "q", "k") == modules("-t", "all-linear") == 6
    assert modules("--experts") == 6
    assert "'x'" in fails(Exit.USAGE, "layout", "--base", "m.safetensors", "--targets", "x")
    assert "--experts" in fails(Exit.USAGE, "layout", "--base", "m.safetensors", "--targets", "up")


def test_diffusion_models_have_other_names():
    write_model("m.safetensors", blocks(2, "attn1.to_q", "attn2.to_q", "ffn.net.0.proj", prefix="blocks"))
    made = layout("m.safetensors")
    assert (made["architecture"], made["key_prefix"]) == ("WanTransformer3DModel", "transformer.")
    assert layout("m.safetensors", "--key-prefix", "x.")["key_prefix"] == "x."


def test_hostile_names_are_not_echoed():
    write_model("m.safetensors", blocks(2, "q", "\x1b[31m", "{i}"))
    assert "{i}" in fails(Exit.DATA, "layout", "--base", "m.safetensors")
    write_model("m.safetensors", blocks(2, "q", "\x1b[31m"))
    assert "\x1b" not in dnd("layout", "--base", "m.safetensors", "--targets", "q", engine=False).err


def test_proposed_features():
    call = ["layout", "--base", SMALL, "--propose-features", "--parameters", "20M", "--prompts", 16, "--tokens", 64]
    (features,) = dnd(*call, engine=False).lines
    first, *_, last = json.loads(features)
    assert (first, last) == ([16, 64, 384], [4296, 10, 130])
    (line,) = dnd(*call, "--json", engine=False).json
    assert (line["features"], line["kernel"]) == (json.loads(features), 3)
    assert 0.99 * 20e6 < line["decoder_parameters"] <= 20e6
    assert dnd(*call, "--out", "l.json", engine=False).lines == ["l.json", features]
    # dnd new takes them, written out or by itself.
    new = ["new", "--json", "--layout", "l.json", "--features"]
    (given,) = dnd(*new, features, "--out", "a", engine=False).json
    (itself,) = dnd(*new, "auto", "--parameters", "20M", "--prompts", 16, "--tokens", 64, "--out", "b",
                    engine=False).json
    assert given["sha256"] == itself["sha256"]
    assert given["parameters"] == line["decoder_parameters"]


@pytest.mark.parametrize("options, words", [
    (["--parameters", "1k"], ["1000 parameters are too few", "at least"]),
    (["--parameters", "many"], ["--parameters"]),
    (["--prompts", 0], ["--prompts"]),
])
def test_impossible_features(options, words):
    message = fails(Exit.USAGE, "layout", "--base", SMALL, "--propose-features", *options)
    assert all(word in message for word in words), message
    dnd("layout", "--base", SMALL, "--out", "l.json", engine=False)
    fails(Exit.USAGE, "new", "--layout", "l.json", "--features", "auto", *options, "--out", "b")
    assert tree() == {"l.json"}


def test_layers_are_chosen_by_number():
    base = ROOT / "models/default/base"
    some = layout(base, "--layers", "1-2", "--targets", "q_proj")
    assert [block["prefix"] for block in some["blocks"]] == ["model.layers.1", "model.layers.2"]
    assert "no layer to adapt there" in fails(Exit.USAGE, "layout", "--base", base, "--layers", "7-9")
    assert "expected first and last" in fails(Exit.USAGE, "layout", "--base", base, "--layers", "2")
