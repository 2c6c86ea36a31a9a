"""verify, merge, convert and compose: an adapter is judged and applied by its stored names and its configuration, as
whoever loads it would (docs/runtimes.md). Each folder here is one that people have."""

import json
import math
import pathlib
import struct

import pytest
from support import Exit, dnd, fails, read_safetensors, safetensors_bytes

WIDTH, VOCABULARY, RANK = 8, 20, 2
SHAPES = {"self_attn.q_proj": (8, 8), "self_attn.v_proj": (4, 8), "self_attn.o_proj": (8, 8), "mlp.up_proj": (12, 8),
          "mlp.down_proj": (8, 12)}
PLACES = [f"model.layers.{i}.self_attn.{kind}_proj" for i in (0, 1) for kind in "qv"]
WRITTEN_NAMES = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


def write_tensors(path, tensors: dict[str, tuple[int, ...]], value: float = 1.0, **values: float):
    """fp32, all elements of a tensor alike; `values` by the names' beginnings."""
    header, data = {}, b""
    for name, shape in tensors.items():
        number = next((v for start, v in values.items() if name.startswith(start)), value)
        content = struct.pack("<f", number) * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    pathlib.Path(path).write_bytes(safetensors_bytes(header, data))


def write_base(folder="base", names=lambda path: path, tied=False, architecture="Qwen2ForCausalLM", **config):
    folder = pathlib.Path(folder)
    folder.mkdir()
    tensors = {"model.embed_tokens": (VOCABULARY, WIDTH)} | ({} if tied else {"lm_head": (VOCABULARY, WIDTH)})
    tensors |= {f"model.layers.{i}.{kind}": shape for i in (0, 1) for kind, shape in SHAPES.items()}
    write_tensors(folder / "model.safetensors", {f"{names(path)}.weight": shape for path, shape in tensors.items()})
    (folder / "config.json").write_text(json.dumps({
        "architectures": [architecture], "model_type": "qwen2", "hidden_size": WIDTH, "num_attention_heads": 2,
        "num_key_value_heads": 1, "tie_word_embeddings": tied} | config))
    return folder


def shape_of(path: str) -> tuple[int, int]:
    return (VOCABULARY, WIDTH) if path == "lm_head" else SHAPES[path.split(".", 3)[3]]


def write_adapter(folder, places=PLACES, *, name=lambda path: f"base_model.model.{path}", ending="weight", beside=None,
                  **config):
    folder = pathlib.Path(folder)
    folder.mkdir()
    tensors = dict(beside or {})
    for path in places:
        out, size = shape_of(path)
        tensors |= {f"{name(path)}.lora_A.{ending}": (RANK, size), f"{name(path)}.lora_B.{ending}": (out, RANK)}
    write_tensors(folder / "adapter_model.safetensors", tensors, value=0.5, **{"base_model.model.lm_head.base": 1.0})
    (folder / "adapter_config.json").write_text(json.dumps(
        {"peft_type": "LORA", "r": RANK, "lora_alpha": RANK, "target_modules": ["q_proj", "v_proj"]} | config))
    return folder


def report(adapter, expect=Exit.DONE, base="base") -> dict:
    return dnd("verify", adapter, "--base", base, "--json", engine=False, expect=expect).json[0]


def verdicts(adapter, expect=Exit.DONE, base="base") -> dict[str, str]:
    """Of each runtime, and of each release where it has several."""
    found = {}
    for each in report(adapter, expect, base)["runtimes"]:
        found[each["runtime"].split(",")[0]] = each["verdict"]
        found |= {release["release"].split(",")[0]: release["verdict"] for release in each.get("releases", [])}
    return found


def test_names_without_pefts_prefix():
    write_base()
    write_adapter("bare", name=lambda path: path)
    found = verdicts("bare", Exit.DATA)
    assert found["PEFT"] == found["PEFT 0.17"] == "ignores" and found["vLLM"] == "loads"
    assert "PEFT would apply none of the 4" in fails(Exit.DATA, "merge", "bare", "--base", "base", "--out", "x")
    dnd("convert", "bare", "--to", "peft", "--base", "base", "--out", "cured", engine=False)
    assert WRITTEN_NAMES in read_safetensors("cured/adapter_model.safetensors").tensors
    assert verdicts("cured")["PEFT"] == "loads"


def test_names_of_a_wrapper_on_a_text_model():
    write_base()
    wrapped = {"name": lambda path: f"base_model.model.{path.replace('model.', 'model.language_model.')}"}
    write_adapter("wrapped", **wrapped)
    found = verdicts("wrapped", Exit.DATA)
    assert found["PEFT"] == found["PEFT 0.17"] == found["vLLM"] == "ignores"
    write_adapter("expression", target_modules=r".*language_model.*\.(q_proj|v_proj)", **wrapped)
    assert verdicts("expression", Exit.DATA)["PEFT"] == "refuses"
    for adapter in ("wrapped", "expression"):
        dnd("convert", adapter, "--to", "peft", "--base", "base", "--out", f"{adapter}-cured", engine=False)
        assert WRITTEN_NAMES in read_safetensors(f"{adapter}-cured/adapter_model.safetensors").tensors
    dnd("convert", "wrapped", "--to", "mlx", "--base", "base", "--out", "mlx", engine=False)
    assert "model.layers.0.self_attn.q_proj.lora_a" in read_safetensors("mlx/adapters.safetensors").tensors


def test_earlier_names_of_a_vision_language_model():
    """Files have "model.layers", the class of transformers since 4.52 "model.language_model.layers"."""
    write_base(architecture="Qwen2_5_VLForConditionalGeneration", model_type="qwen2_5_vl")
    write_adapter("old")
    found = verdicts("old", Exit.DATA)
    assert (found["PEFT 0.21"], found["PEFT 0.17"]) == ("ignores", "loads")
    dnd("convert", "old", "--to", "peft", "--base", "base", "--out", "new", engine=False)
    names = read_safetensors("new/adapter_model.safetensors").tensors
    assert all(name.startswith("base_model.model.model.language_model.layers.") for name in names)
    found = verdicts("new")
    assert found["PEFT 0.21"] == found["PEFT 0.17"] == "loads"
    dnd("layout", "--base", "base", "--rank", 2, "--out", "layout.json", engine=False)
    dnd("new", "--layout", "layout.json", "--features", "auto", "--parameters", "1M", "--prompts", 4, "--tokens", 32,
        "--out", "generator")
    pathlib.Path("q.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n{"prompt": "c"}\n{"prompt": "d"}\n')
    dnd("generate", "--model", "generator", "--prompts", "q.jsonl", "--out", "made")
    assert verdicts("made")["PEFT"] == "loads"


def test_an_adapters_name_in_the_keys():
    write_base()
    write_adapter("named", ending="default.weight")
    found = verdicts("named")
    assert (found["PEFT 0.21"], found["PEFT 0.17"], found["vLLM"]) == ("loads", "ignores", "refuses")
    said = dnd("verify", "named", "--base", "base", engine=False).out
    assert "PEFT 0.17, transformers 4.57: ignores - names with an adapter's name" in said
    dnd("convert", "named", "--to", "peft", "--out", "cured", engine=False)
    assert set(verdicts("cured").values()) == {"loads", "refuses"} and verdicts("cured")["vLLM"] == "loads"


def test_a_bias_that_nothing_has():
    write_base()
    write_adapter("a", bias="lora_only")
    found = verdicts("a")
    assert found["PEFT"] == "loads" and found["vLLM"] == "refuses"


def write_mlx(folder, places, layers=-1, name=lambda path: path, **parameters):
    pathlib.Path(folder).mkdir()
    tensors = {}
    for path in places:
        out, size = shape_of(path)
        tensors |= {f"{name(path)}.lora_a": (size, RANK), f"{name(path)}.lora_b": (RANK, out)}
    write_tensors(f"{folder}/adapters.safetensors", tensors)
    pathlib.Path(folder, "adapter_config.json").write_text(json.dumps({
        "fine_tune_type": "lora", "num_layers": layers,
        "lora_parameters": {"rank": RANK, "dropout": 0.0, "scale": 2.0} | parameters}))


def test_folders_that_mlx_lm_refuses():
    write_base()
    write_mlx("prefix", PLACES, name=lambda path: f"language_model.{path}")
    write_mlx("head", [*PLACES, "lm_head"])
    write_mlx("layers", PLACES, layers=1)
    for folder in ("prefix", "head", "layers"):
        assert verdicts(folder, Exit.DATA)["MLX-LM"] == "refuses"
    write_mlx("last", PLACES[2:], layers=1)
    assert verdicts("last")["MLX-LM"] == "loads"
    write_mlx("named-head", ["lm_head"], keys=["lm_head"])
    assert verdicts("named-head")["MLX-LM"] == "loads"


def test_layers_that_are_left_out_on_purpose():
    write_base()
    write_adapter("last", PLACES[2:], layers_to_transform=[1])
    assert report("last")["ok"] and verdicts("last")["PEFT"] == "loads"
    write_adapter("more", layers_to_transform=[1])
    found = report("more")
    assert verdicts("more")["PEFT"] == "partly" and "not applied" in found["findings"][0]["message"]
    for adapter in ("last", "more"):
        dnd("merge", adapter, "--base", "base", "--out", f"{adapter}-merged", engine=False)
        merged = read_safetensors(f"{adapter}-merged/model.safetensors")
        assert set(merged.values("model.layers.0.self_attn.q_proj.weight")) == {1.0}
        assert set(merged.values("model.layers.1.self_attn.q_proj.weight")) == {1.5}


COPY = {"base_model.model.lm_head.base_layer.weight": (VOCABULARY, WIDTH)}


def test_an_output_head_as_peft_saves_it():
    """With the base's own layer beside the matrices."""
    write_base()
    write_adapter("head", [*PLACES, "lm_head"], beside=COPY, target_modules=["q_proj", "v_proj", "lm_head"])
    assert report("head")["findings"] == [] and verdicts("head")["PEFT"] == "loads"
    dnd("merge", "head", "--base", "base", "--out", "merged", engine=False)
    assert set(read_safetensors("merged/model.safetensors").values("lm_head.weight")) == {1.5}
    dnd("convert", "head", "--to", "gguf", "--base", "base", "--out", "a.gguf", engine=False)
    assert verdicts("a.gguf")["llama.cpp"] == "loads"
    dnd("convert", "a.gguf", "--to", "peft", "--base", "base", "--out", "back", engine=False)
    assert "base_model.model.lm_head.lora_A.weight" in read_safetensors("back/adapter_model.safetensors").tensors
    write_base("tied", tied=True)
    found = verdicts("head", Exit.DATA, "tied")
    assert found["llama.cpp"] == "refuses"
    fails(Exit.DATA, "convert", "head", "--to", "gguf", "--base", "tied", "--out", "b.gguf")


def test_an_output_head_that_was_trained_too():
    write_base()
    folder = write_adapter("head", ["lm_head"], target_modules=["lm_head"])
    shapes = {name: tensor["shape"] for name, tensor in
              read_safetensors(folder / "adapter_model.safetensors").tensors.items()}
    write_tensors(folder / "adapter_model.safetensors", {**COPY, **shapes}, value=0.5)
    message = fails(Exit.DATA, "merge", "head", "--base", "base", "--out", "out")
    assert "'base_model.model.lm_head.base_layer.weight' is another 'lm_head.weight' than the base's" in message
    assert not pathlib.Path("out").exists()


@pytest.mark.parametrize("config, beside", [
    ({"modules_to_save": ["lm_head"]}, {"base_model.model.lm_head.weight": (VOCABULARY, WIDTH)}),
    ({"bias": "all"}, {"base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias": (8,)}),
])
def test_what_peft_loads_and_nothing_here_applies(config, beside):
    write_base()
    write_adapter("a", beside=beside, **config)
    found = report("a")
    assert found["ok"] and [f["check"] for f in found["findings"]] == ["others"]
    assert verdicts("a")["PEFT"] == "loads" and verdicts("a")["vLLM"] == "refuses"
    name = next(iter(beside))
    for call in (("merge", "a", "--base", "base"), ("convert", "a", "--to", "gguf", "--base", "base"),
                 ("compose", "a", "a")):
        message = fails(Exit.DATA, *call, "--out", "out")
        assert "modules_to_save" in message or name in message


@pytest.mark.parametrize("task_type", ["FEATURE_EXTRACTION", "SEQ_CLS", None])
def test_the_task_type_is_kept(task_type):
    for name in ("a", "b"):
        write_adapter(name, task_type=task_type)
    dnd("compose", "a", "b:0.5", "--out", "both", engine=False)
    dnd("convert", "a", "--to", "peft", "--out", "again", engine=False)
    for folder in ("both", "again"):
        assert json.loads(pathlib.Path(folder, "adapter_config.json").read_text())["task_type"] == task_type


def test_what_vllms_resolver_compares():
    write_base()
    notes = {}
    for name in (None, "org/served"):
        write_adapter(f"a-{name}".replace("/", "-"), base_model_name_or_path=name)
        adapter = f"a-{name}".replace("/", "-")
        notes[name] = next(r["why"] for r in report(adapter)["runtimes"] if r["runtime"] == "vLLM")
    assert "its resolver finds no adapter without base_model_name_or_path" in notes[None]
