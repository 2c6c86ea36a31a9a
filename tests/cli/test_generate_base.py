"""dnd generate --base: the base is the generator's, and Ollama's Modelfile names it."""

import json
import pathlib
import shutil

import pytest
from support import Exit, dnd, fails, read_safetensors, tree

NANO = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 24, "num_attention_heads": 4,
        "num_key_value_heads": 2, "intermediate_size": 60, "num_hidden_layers": 2, "vocab_size": 64}


@pytest.fixture
def call(bundle, four):
    return ["generate", "-m", bundle, "-p", four]


def base(name: str = "base", **changes) -> str:
    pathlib.Path(name).mkdir()
    pathlib.Path(name, "config.json").write_text(json.dumps(NANO | changes))
    return name


def test_the_base_that_it_was_made_for(call, adapter):
    made = dnd(*call, "-o", "out", "--base", base())
    assert "calls itself" not in made.err and "get no adapter" not in made.err
    assert (pathlib.Path("out/adapter_model.safetensors").read_bytes()
            == (adapter / "adapter_model.safetensors").read_bytes())


@pytest.mark.parametrize(("changes", "why"), [
    ({"hidden_size": 32}, "'model.layers.0.self_attn.q_proj' takes 32 and gives 32, the adapter's 24 and 24"),
    ({"num_hidden_layers": 1}, "it has no layer 'model.layers.1.self_attn.q_proj'"),
])
def test_another_base_is_refused(call, changes, why):
    message = fails(Exit.DATA, *call, "-o", "out", "--base", base(**changes))
    assert f"--base base/config.json: is no base of generator 'nano', made for example/nano: {why}" in message
    assert tree() == {"base", "base/config.json", "four.jsonl"}


def test_a_name_of_the_hub_must_be_the_generator_s(call, tmp_path):
    snapshot = tmp_path / "hub/models--someone--nano/snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps(NANO))
    refs = tmp_path / "hub/models--someone--nano/refs"
    refs.mkdir()
    (refs / "main").write_text("0" * 40)
    env = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    message = fails(Exit.DATA, *call, "-o", "out", "--base", "someone/nano", env=env)
    assert "--base someone/nano: is no base of generator 'nano', made for example/nano" in message


def test_what_may_be_another_base_is_told(call):
    more = base("more", num_hidden_layers=3, _name_or_path="someone/else")
    told = dnd(*call, "-o", "out", "--base", more).err
    assert "calls itself 'someone/else'" in told
    assert "7 of 21 layers of the kinds that are adapted get no adapter, 'model.layers.2.self_attn.q_proj'" in told


def test_modelfile(call):
    folder = base()
    made = dnd(*call, "-o", "a b/out", "--format", "peft,gguf", "--modelfile", "--base", folder)
    assert made.lines == ["a b/out", "a b/out.gguf"]
    assert "for Ollama up to 0.33: ollama create NAME -f a b/out.Modelfile" in made.err
    text = pathlib.Path("a b/out.Modelfile").read_text()
    *comments, source, adapter = text.splitlines()
    assert all(line.startswith("# ") for line in comments) and "example/nano" in comments[-1]
    assert source == f"FROM {pathlib.Path(folder).resolve()}"
    assert adapter == "ADAPTER ./out.gguf" and pathlib.Path("a b/out.gguf").is_file()
    # A second time nothing is in the way; without --base the generator's own name stands there.
    again = ["-o", "a b/out", "--format", "gguf", "--modelfile"]
    (line,) = dnd(*call, *again, "--base", folder, "--json").json
    assert line["modelfile"] == "a b/out.Modelfile"
    assert "a b/out.Modelfile: exists already" in fails(Exit.CANNOT_CREATE, *call, *again)
    dnd(*call, *again, "--force")
    assert "\nFROM example/nano\n" in pathlib.Path("a b/out.Modelfile").read_text()


def test_modelfiles_of_others_are_kept(call):
    pathlib.Path("out.Modelfile").write_text("FROM mine\n")
    before = tree()
    fails(Exit.CANNOT_CREATE, *call, "-o", "out", "--format", "gguf", "--modelfile", "--force")
    assert tree() == before and pathlib.Path("out.Modelfile").read_text() == "FROM mine\n"


def test_a_modelfile_needs_a_gguf(call):
    assert "--format gguf" in fails(Exit.USAGE, *call, "-o", "out", "--modelfile")


def generator(bundle, name: str, change) -> str:
    """A copy of the generator with another layout."""
    shutil.copytree(bundle, name)
    file = pathlib.Path(name, "generator.json")
    described = json.loads(file.read_text())
    change(described["layout"])
    file.write_text(json.dumps(described))
    return name


def module_names(folder: str) -> set[str]:
    stored = read_safetensors(pathlib.Path(folder, "adapter_model.safetensors"))
    return {name.split(".lora_")[0] for name in stored.tensors}


def test_names_are_those_of_the_base_s_class(bundle, four):
    """A layout made of tensors alone tells no class; a vision-language model's class calls its modules otherwise."""
    mine = generator(bundle, "classless", lambda layout: layout.pop("architecture"))
    vision = {"depth": 1, "hidden_size": 32, "intermediate_size": 64, "num_heads": 4, "out_hidden_size": 24}
    folder = base(architectures=["Qwen2_5_VLForConditionalGeneration"], model_type="qwen2_5_vl", vision_config=vision)
    call = ["generate", "-m", mine, "-p", four]
    dnd(*call, "-o", "alone")
    assert "base_model.model.model.layers.0.mlp.up_proj" in module_names("alone")
    dnd(*call, "-o", "out", "--base", folder)
    names = module_names("out")
    assert len(names) == 14 and "base_model.model.model.language_model.layers.0.mlp.up_proj" in names
    # Not the tower's: it has layers called so, too.
    targets = json.loads(pathlib.Path("out/adapter_config.json").read_text())["target_modules"]
    assert {f"base_model.model.{target}" for target in targets} == names
    assert "made from other inputs" in fails(Exit.CANNOT_CREATE, *call, "-o", "alone", "--base", folder)


def test_names_without_what_the_class_puts_before_them(bundle, four):
    """As of a checkpoint that was saved without its head."""
    mine = generator(bundle, "bare", lambda layout: layout["blocks"][0].update(prefix="layers.{i}"))
    dnd("generate", "-m", mine, "-p", four, "-o", "out")
    assert "base_model.model.model.layers.0.mlp.up_proj" in module_names("out")
