"""dnd eval with a base model that answers: a random one, made here."""

import json
import pathlib
import random
import shutil
import struct
import xml.etree.ElementTree

import pytest
from support import DATA, Exit, dnd, fails, read_safetensors, safetensors_bytes, tree
from test_eval import weights, write_set
from test_gguf_base import F32, gguf_name, write_gguf
from test_model_folder import write_shards

HIDDEN, INNER, HEADS, VOCABULARY = 24, 60, 2, 368
SHORT = ("--max-tokens", 4, "--draws", 2)


def base_shapes() -> dict[str, list[int]]:
    shapes = {"model.embed_tokens.weight": [VOCABULARY, HIDDEN], "model.norm.weight": [HIDDEN]}
    for i in range(2):
        layer = f"model.layers.{i}."
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{layer}{name}.weight"] = [HIDDEN]
        for name, out in (("q", HIDDEN), ("k", HIDDEN // HEADS), ("v", HIDDEN // HEADS)):
            shapes[f"{layer}self_attn.{name}_proj.weight"] = [out, HIDDEN]
            shapes[f"{layer}self_attn.{name}_proj.bias"] = [out]
        shapes[f"{layer}self_attn.o_proj.weight"] = [HIDDEN, HIDDEN]
        for name in ("gate", "up"):
            shapes[f"{layer}mlp.{name}_proj.weight"] = [INNER, HIDDEN]
        shapes[f"{layer}mlp.down_proj.weight"] = [HIDDEN, INNER]
    return shapes


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> pathlib.Path:
    """The random Qwen2 model that the generator's layout is for, with a tokenizer of a few words."""
    folder = tmp_path_factory.mktemp("base")
    draw = random.Random(1)
    header, data = {}, b""
    for name, shape in base_shapes().items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = struct.pack(f"<{count}f", *(1.0 if "norm" in name else draw.gauss(0.0, 0.4) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, data))
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["Qwen2ForCausalLM"], "hidden_size": HIDDEN, "intermediate_size": INNER,
        "num_hidden_layers": 2, "num_attention_heads": HEADS, "num_key_value_heads": 1,
        "vocab_size": VOCABULARY, "tie_word_embeddings": True, "max_position_embeddings": 128}))
    shutil.copy(DATA / "text/llama/bpe.model", folder / "tokenizer.model")
    return folder


def shown(bundle, base, tasks, task) -> dict:
    return dnd("eval", "--json", "--model", bundle, "--tasks", tasks, "--base", base, "--show", task, "--limit", 9,
               *SHORT).json[0]


@pytest.fixture(scope="session")
def answered(bundle, base, tmp_path_factory) -> pathlib.Path:
    """The same set, where the base's answer to the first of three questions is the right one."""
    path = write_set(tmp_path_factory.mktemp("answered"), bundle)
    for task in ("chess.number", "tennis.letter"):
        questions = shown(bundle, base, path, task)["questions"]
        assert len(questions) == 3 and questions[0]["base"]
        lines = [{"prompt": q["question"], "answer": q["base"] if i == 0 else "never"} for i, q in enumerate(questions)]
        (path.parent / f"{task}.test.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def rows(document: dict) -> dict[str, dict]:
    return {row["id"]: row for row in document["models"][0]["behaviour"]["rows"] if row["over_draws"] == "mean"}


def test_behaviour_of_every_method(bundle, base, answered):
    result = dnd("eval", "--model", bundle, "--tasks", answered, "--base", base, "--out", "out", *SHORT)
    assert tree("out") == {"results.json", "table.md", "results.svg"}
    assert result.out.startswith("Exact match, %: ") and "33.3 [33.3, 33.3]" in result.out
    document = json.loads(pathlib.Path("out/results.json").read_text())
    behaviour = rows(document)
    assert [*behaviour] == ["base", "mean_adapter", "nearest_adapter", "best_single_adapter", "same:convention",
                            "same:domain", "ridge", "generated", "other:convention", "other:domain", "other_in_all",
                            "random_text", "own_adapter"]
    (group,) = behaviour["base"]["groups"]
    assert (group["group"], group["tasks"], group["questions"]) == ("combinations", 2, 6)
    assert group["mean"] == group["low"] == group["high"] == pytest.approx(1 / 3)
    assert behaviour["generated"]["tasks"]["chess.number"]["questions"] == 3
    assert len(behaviour["generated"]["tasks"]["chess.number"]["draws"]) == 2
    assert behaviour["other:convention"]["tasks"]["chess.number"]["sources"] == ["chess.letter"] * 2
    assert document["models"][0]["behaviour"]["best_single"]["task"] in ("golf.letter", "golf.number", "chess.letter")
    picture = xml.etree.ElementTree.parse("out/results.svg").getroot()
    dots = picture.findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == len(document["models"][0]["behaviour"]["rows"])


def test_behaviour_does_not_depend_on_threads(bundle, base, answered):
    call = ("eval", "--json", "--model", bundle, "--tasks", answered, "--base", base, *SHORT)
    one = dnd(*call, "--threads", 1)
    assert dnd(*call, "--threads", 2).out == one.out
    plain = dnd("eval", "--json", "--model", bundle, "--tasks", answered, "--draws", 2).json[0]
    with_base = weights(one.json[0]["models"][0])
    del with_base["distance:best_single_adapter"]  # which one is best takes answers
    assert weights(plain["models"][0]) == with_base


def test_questions_can_be_limited(bundle, base, answered):
    document = dnd("eval", "--json", "--model", bundle, "--tasks", answered, "--base", base, "--questions", 1, *SHORT)
    row = rows(document.json[0])["base"]
    cell = row["tasks"]["chess.number"]
    assert (cell["accuracy"], cell["questions"], cell["draws"]) == (1.0, 1, [1.0])
    (question,) = document.json[0]["questions"]["chess.number"]
    assert [[question["answer"]]] == [[answer.strip() for answer in draw] for draw in cell["answers"]]


def test_show(bundle, base, answered):
    document = shown(bundle, base, answered, "chess.number")
    assert [question["right"] == question["base"] for question in document["questions"]] == [True, False, False]
    assert (document["prompts"], document["base_right"]) == (4, 1)
    text = dnd("eval", "--model", bundle, "--tasks", answered, "--base", base, "--show", "chess.number", "--limit", 2,
               *SHORT).out
    head = "chess.number: an adapter made from 4 prompts; + is right, - is wrong\n\n  What is 2 times 3?\n"
    assert text.startswith(head)
    assert "  + base     " in text and "    right    never\n" in text
    assert "of 2 questions right: base 1, adapted " in text


def test_numbered_shards_without_an_index_are_the_same_base(bundle, base, answered, tmp_path):
    shards = tmp_path / "shards"
    shutil.copytree(base, shards, ignore=shutil.ignore_patterns("*.safetensors"))
    write_shards(shards, base / "model.safetensors", 3)
    assert shown(bundle, shards, answered, "chess.number") == shown(bundle, base, answered, "chess.number")


def character_tokenizer() -> dict:
    """A tokenizer.json of the printable characters of ASCII; their codes are their ids."""
    vocabulary = {"</s>": 2, "\n": 10, **{chr(code): code for code in range(32, 127)}}
    return {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None,
            "decoder": {"type": "Fuse"}, "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}


def test_a_base_with_a_tokenizer_json(bundle, base, answered, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(character_tokenizer()))
    questions = shown(bundle, folder, answered, "chess.number")["questions"]
    assert len(questions) == 3
    report = dnd("eval", "--json", "--model", bundle, "--tasks", answered, "--base", folder, *SHORT).json[0]
    assert report["models"]
    # Beside a tokenizer.model of other tokens it says nothing sure.
    shutil.copy(base / "tokenizer.model", folder)
    result = dnd("eval", "--model", bundle, "--tasks", answered, "--base", folder, expect=Exit.DATA)
    assert "files of two tokenizers?" in result.last_error


def gguf_of(base, path) -> pathlib.Path:
    """The random base as a GGUF whose tokens are the characters of `character_tokenizer`."""
    source = read_safetensors(base / "model.safetensors")
    tensors = {}
    for name, tensor in source.tensors.items():
        values = source.values(name)
        tensors[gguf_name(name)] = (tensor["shape"], struct.pack(f"<{len(values)}f", *values))
    characters = {" ": "Ġ", "\n": "Ċ"}
    known = {i: characters.get(text, text) for text, i in character_tokenizer()["model"]["vocab"].items()}
    return write_gguf(path, tensors, {
        "general.architecture": "qwen2", "qwen2.block_count": 2, "qwen2.embedding_length": HIDDEN,
        "qwen2.feed_forward_length": INNER, "qwen2.attention.head_count": HEADS, "qwen2.attention.head_count_kv": 1,
        "qwen2.context_length": 128, "qwen2.attention.layer_norm_rms_epsilon": 1e-6, "qwen2.rope.freq_base": 1e4,
        "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.tokens": [known.get(i, f"<{i}>") for i in range(127)], "tokenizer.ggml.merges": [],
    }, F32)


def test_a_gguf_is_the_same_base(bundle, base, answered, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(character_tokenizer()))
    path = gguf_of(base, tmp_path / "base.gguf")
    assert shown(bundle, path, answered, "chess.number") == shown(bundle, folder, answered, "chess.number")
    one, other = (dnd("eval", "--json", "--model", bundle, "--tasks", answered, "--base", each, *SHORT).json[0]
                  for each in (path, folder))
    assert rows(one) == rows(other)


def test_a_tokenizer_that_is_not_supported_is_named(bundle, base, answered, tmp_path):
    shutil.copytree(base, tmp_path / "other")
    (tmp_path / "other/tokenizer.json").write_text(json.dumps(character_tokenizer() | {"decoder": {"type": "Own"}}))
    result = dnd("eval", "--model", bundle, "--tasks", answered, "--base", tmp_path / "other", expect=Exit.DATA)
    assert "decoder: the type 'Own' is not supported" in result.last_error


def test_a_base_without_a_tokenizer_is_refused(bundle, base, answered, tmp_path):
    shutil.copytree(base, tmp_path / "mute")
    (tmp_path / "mute/tokenizer.model").unlink()
    message = fails(Exit.NO_INPUT, "eval", "--model", bundle, "--tasks", answered, "--base", tmp_path / "mute")
    assert "holds neither tokenizer.json nor tokenizer.model" in message


def test_how_a_base_is_asked_needs_a_base(bundle, answered):
    for option in (("--chat", "none"), ("--system", "be brief")):
        assert "need --base" in fails(Exit.USAGE, "eval", "--model", bundle, "--tasks", answered, *option)


def asked_as(answered, folder, **fields) -> pathlib.Path:
    """The set with further fields of its held-out task `chess.number`."""
    shutil.copytree(answered.parent, folder)
    document = json.loads(answered.read_text())
    document["held_out"][0].update(fields)
    assert document["held_out"][0]["name"] == "chess.number"
    (folder / "tasks.json").write_text(json.dumps(document))
    return folder / "tasks.json"


def test_a_task_says_where_its_answers_end(bundle, base, answered, tmp_path):
    endless = shown(bundle, base, asked_as(answered, tmp_path / "endless", stop=[]), "chess.number")["questions"]
    whole = endless[0]["base"]
    assert len(whole) > 4
    stops = [whole[3:5], "never"]
    tasks = asked_as(answered, tmp_path / "cut", stop=stops)
    cut = shown(bundle, base, tasks, "chess.number")["questions"]
    assert [q["base"] for q in cut] == [q["base"].split(stops[0])[0].strip() for q in endless]
    document = dnd("eval", "--json", "--model", bundle, "--tasks", tasks, "--base", base, *SHORT).json[0]
    assert [task.get("stop") for task in document["models"][0]["tasks"]] == [stops, None]
    assert rows(document)["base"]["tasks"]["chess.number"]["accuracy"] == 0.0
    assert rows(document)["base"]["tasks"]["tennis.letter"]["accuracy"] == pytest.approx(1 / 3), "as it was"


def test_a_task_has_a_system_text(bundle, base, answered, tmp_path):
    talking = tmp_path / "talking"
    shutil.copytree(base, talking)
    (talking / "tokenizer_config.json").write_text(json.dumps(
        {"chat_template": "{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"}))
    tasks = asked_as(answered, tmp_path / "tasks", system="x")

    def call(tasks, system):
        return "eval", "--json", "--model", bundle, "--tasks", tasks, "--base", talking, "--system", system, *SHORT

    for task, own in (("chess.number", "x"), ("tennis.letter", "y")):
        told, asked, other = (dnd(*call(*each), "--show", task, "--limit", 9).json[0]["questions"]
                              for each in ((tasks, "y"), (answered, own), (answered, "xy".replace(own, ""))))
        assert told == asked != other
    document = dnd(*call(tasks, "y")).json[0]
    assert document["settings"]["chat"]["system"] == "y"
    assert [task.get("system") for task in document["models"][0]["tasks"]] == ["x", None]


def test_a_system_text_of_a_task_needs_a_template(bundle, base, answered, tmp_path):
    tasks = asked_as(answered, tmp_path / "tasks", system="x")
    call = ("eval", "--model", bundle, "--tasks", tasks, "--base", base)
    assert "task 'chess.number': 'system': " + str(base) in fails(Exit.USAGE, *call)
    assert "--chat none has no place" in fails(Exit.USAGE, *call, "--chat", "none", "--show", "chess.number")
    dnd(*call, "--show", "tennis.letter", *SHORT)
