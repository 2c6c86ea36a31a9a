"""A real base model, SmolLM2-135M-Instruct, as people have it: a GGUF, a folder, a name of the hub's cache (label
interop_slow; scripts/setup_smollm2.sh). The folder has the weights and tokens that transformers reads from the GGUF."""

import json
import pathlib
import random
import subprocess
import unicodedata

import pytest
import random_tokenizers
import torch
import transformers
from eval_crosscheck import before_stops
from safetensors.torch import load_file, save_file
from test_tokenizers import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / ".deps/smollm2"
GGUF, FOLDER, NAME = HOME / "model.gguf", HOME / "folder", "someone/smollm2"
PLACES = ["gguf", "folder", "name"]
SHAPES = {"self_attn.q_proj": (576, 576), "self_attn.k_proj": (192, 576), "self_attn.v_proj": (192, 576),
          "self_attn.o_proj": (576, 576), "mlp.gate_proj": (1536, 576), "mlp.up_proj": (1536, 576),
          "mlp.down_proj": (576, 1536)}
SOME = ("self_attn.q_proj", "self_attn.k_proj", "mlp.down_proj")
FACTS = """France Japan Peru Kenya Norway Egypt Canada India Brazil Greece Chile Cuba Iran Iraq Italy Spain Poland
    Austria Hungary Turkey""".split()
ASKED = ["What is the capital of {}?", "Name a river in {}.", "Which language is spoken in {}?",
         "On which continent is {}?",
         "Write one sentence about {}.", "What do people eat in {}?", "How many letters has the word {}?",
         "Is {} an island?",
         "Name a neighbour of {}.", "Translate 'hello' for a visitor of {}."]
QUESTIONS = [question.format(place) for question in ASKED for place in FACTS]
MOST = 16

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (HOME / "stamp").exists(), reason="scripts/setup_smollm2.sh")]


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.AutoTokenizer.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def model():
    return transformers.AutoModelForCausalLM.from_pretrained(HOME, gguf_file=GGUF.name, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, str]:
    snapshot = tmp_path_factory.mktemp("hub") / f"models--{NAME.replace('/', '--')}/snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    for file in FOLDER.iterdir():
        (snapshot / file.name).symlink_to(file)
    return {"gguf": str(GGUF), "folder": str(FOLDER), "name": NAME, "cache": str(snapshot.parents[2])}


@pytest.fixture
def base(request, places, monkeypatch, dnd) -> str:
    monkeypatch.setitem(dnd.environment, "HF_HUB_CACHE", places["cache"])
    return places[request.param]


def write_adapter(folder: pathlib.Path, seed: int = 0, layers: int = 30,
                  names: tuple[str, ...] = SOME, rank: int = 4) -> pathlib.Path:
    random_numbers = torch.Generator().manual_seed(seed)
    tensors = {}
    for layer in range(layers):
        for name in names:
            out, width = SHAPES[name]
            key = f"base_model.model.model.layers.{layer}.{name}.lora_"
            tensors[f"{key}A.weight"] = torch.randn((rank, width), generator=random_numbers) * 0.02
            tensors[f"{key}B.weight"] = torch.randn((out, rank), generator=random_numbers) * 0.02
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": 2 * rank,
        "target_modules": sorted({name.split(".")[1] for name in names}), "base_model_name_or_path": NAME}))
    return folder


# --- Texts ----------------------------------------------------------------------------------------------------------


def test_ids_and_texts_are_those_of_transformers(tokenizer):
    rng = random.Random(0)
    special = list(tokenizer.all_special_tokens)
    # Newer characters are letters to one and not to another.
    texts = ["".join(c for c in random_tokenizers.text(rng) if unicodedata.category(c) != "Cn")
             + (rng.choice(special) if rng.random() < 0.1 else "") for _ in range(3000)]
    run = subprocess.run([PROGRAM, GGUF], input="".join(json.dumps(text) + "\n" for text in texts).encode(),
                         capture_output=True, check=True)
    facts, *answers = (json.loads(line) for line in run.stdout.split(b"\n")[:-1])
    for text, answer in zip(texts, answers, strict=True):
        ids = tokenizer(text)["input_ids"]
        assert answer["all"] == ids, ascii(text)
        assert answer["text"] == tokenizer.decode(ids), ascii(text)
        assert answer["plain"] == tokenizer.decode(ids, skip_special_tokens=True), ascii(text)
    assert facts["special_tokens"]["eos_token"][0] == tokenizer.eos_token == "<|im_end|>"
    assert facts["chat_templates"] == {"default": tokenizer.chat_template}


@pytest.mark.parametrize("base", PLACES, indirect=True)
@pytest.mark.parametrize("messages", [
    "What is 2 + 2?", [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello\n"}],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "é 中"}]])
def test_prompts_are_those_of_transformers(dnd, tokenizer, base, messages):
    run = subprocess.run([dnd.program, "tokenize", "--base", base, "--chat", "auto"], input=json.dumps(messages) + "\n",
                         text=True, capture_output=True, check=True, env=dnd.environment)
    talk = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    expected = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_dict=False)
    assert json.loads(run.stdout)["ids"] == expected


# --- Numbers and answers --------------------------------------------------------------------------------------------


def test_logits_are_those_of_transformers_on_the_same_file(dnd, model, tmp_path):
    ids = random.Random(1).choices(range(40000), k=48)
    dnd.run("verify", write_adapter(tmp_path / "adapter"), "--base", GGUF, "--run", "--ids", ",".join(map(str, ids)),
            "--logits-out", tmp_path / "logits.safetensors")
    found = load_file(tmp_path / "logits.safetensors")["base"]
    expected = model(torch.tensor([ids])).logits[0]
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_greedy_answers_are_those_of_transformers(dnd, model, tokenizer):
    run = subprocess.run([dnd.program, "run", "--base", GGUF, "--max-tokens", str(MOST), "--json", "-"],
                         input="".join(question + "\n" for question in QUESTIONS), text=True, capture_output=True,
                         check=True, env=dnd.environment)
    found = [json.loads(line)["answer"] for line in run.stdout.splitlines()]
    assert len(found) == 200
    for question, answer in zip(QUESTIONS, found, strict=True):
        ids = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True,
                                            return_tensors="pt", return_dict=False)
        said = model.generate(ids, max_new_tokens=MOST, do_sample=False)[0, ids.shape[1]:]
        assert answer == tokenizer.decode(said, skip_special_tokens=True), question


# --- Every command, every place -------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", PLACES, indirect=True)
def test_layout_and_verify_and_run(dnd, base, places, tmp_path):
    layouts = [json.loads(dnd.run("layout", "--base", each, "--rank", 4, "--json"))["layout"] for each in (base, GGUF)]
    for layout in layouts:
        layout.pop("base_model", None)
    assert layouts[0] == layouts[1]
    adapter = write_adapter(tmp_path / "adapter")
    call = ("verify", adapter, "--run", "--json", "--prompt", QUESTIONS[0])
    report, expected = (json.loads(dnd.run(*call, "--base", each))["run"] for each in (base, FOLDER))
    assert report["ids"] == expected["ids"] and report["base_answer"] == expected["base_answer"]
    assert report["adapted_answer"] == expected["adapted_answer"] and report["largest_change"] > 1.0
    assert report.get("base_quantization") == ("Q4_1" if base == str(GGUF) else None)
    answers = [dnd.run("run", "--base", each, "--max-tokens", 8, QUESTIONS[0]) for each in (base, FOLDER)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("base", PLACES, indirect=True)
def test_merge(dnd, base, tmp_path):
    adapter = write_adapter(tmp_path / "adapter")
    if base == str(GGUF):
        dnd.run("merge", adapter, "--base", base, "--out", tmp_path / "merged.gguf", "--dtype", "f32")
        merged = transformers.AutoModelForCausalLM.from_pretrained(
            tmp_path, gguf_file="merged.gguf", dtype=torch.float32)
    else:
        dnd.run("merge", adapter, "--base", base, "--out", tmp_path / "merged")
        merged = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32)
    before, pairs = load_file(FOLDER / "model.safetensors"), load_file(adapter / "adapter_model.safetensors")
    for name, tensor in merged.state_dict().items():
        key = f"base_model.model.{name.removesuffix('.weight')}.lora_"
        expected = before.get(name, before["model.embed_tokens.weight"])
        if f"{key}A.weight" in pairs:
            expected = expected + 2.0 * (pairs[f"{key}B.weight"] @ pairs[f"{key}A.weight"])
        torch.testing.assert_close(tensor, expected, rtol=1e-6, atol=1e-6)


def write_tasks(folder: pathlib.Path, base: str, dnd, **fields) -> pathlib.Path:
    """A random generator for one small layer, and tasks of which the held-out one has further `fields`."""
    layout = folder / "layout"
    dnd.run("layout", "--base", base, "--rank", 4, "--targets", "layers.0.self_attn.k_proj", "--out", layout)
    dnd.run("new", "--layout", layout, "--features", "auto", "--parameters", "3M", "--prompts", 4, "--tokens", 20,
            "--width", 32, "--encoder", "tiny-bert", "--out", folder / "bundle")
    tasks: dict = {"format": "dnd-tasks", "version": 1, "train": [], "held_out": []}
    for number, name in enumerate(("a.x", "b.y", "a.y")):
        write_adapter(folder / name / "1", number, 1, ["self_attn.k_proj"])
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"prompt": each}) + "\n" for each in QUESTIONS[:8]))
        task = {"name": name, "prompts": f"{name}.jsonl", "adapters": name}
        if number == 2:
            (folder / "test.jsonl").write_text(json.dumps({"prompt": QUESTIONS[0], "answer": "Paris"}) + "\n")
            task |= {"test": "test.jsonl", "scorer": "contains"} | fields
        tasks["held_out" if number == 2 else "train"].append(task)
    (folder / "tasks.json").write_text(json.dumps(tasks))
    return folder / "tasks.json"


@pytest.mark.parametrize("base", PLACES, indirect=True)
def test_eval(dnd, base, tmp_path):
    """What counts is that base and adapters answer by the template."""
    report = json.loads(dnd.run("eval", "--json", "--model", tmp_path / "bundle", "--tasks",
                                write_tasks(tmp_path, base, dnd), "--base", base, "--draws", 1, "--max-tokens", 8))
    rows = {row["id"]: row for row in report["models"][0]["behaviour"]["rows"]}
    assert rows["base"]["tasks"]["a.y"]["accuracy"] == 1.0, "it knows that"
    assert report["settings"]["chat"]["template"] == "own"
    assert report.get("base_quantization") == ("Q4_1" if base == str(GGUF) else None)


def test_a_task_is_asked_in_its_own_way(dnd, model, tokenizer, tmp_path):
    """Its system text and stops, which lie across tokens, against transformers' template and generation."""
    system, stops, most = "You are a poet. Answer in two lines.", ["\n\n", "e,", " of the"], 48
    tasks = write_tasks(tmp_path, str(GGUF), dnd, system=system, stop=stops)
    asked = QUESTIONS[80:84]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps({"prompt": q, "answer": "x"}) + "\n" for q in asked))
    shown = json.loads(dnd.run("eval", "--json", "--model", tmp_path / "bundle", "--tasks", tasks, "--base", GGUF,
                               "--show", "a.y", "--max-tokens", most))["questions"]
    cut = 0
    for question, told in zip(asked, shown, strict=True):
        talk = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        ids = tokenizer.apply_chat_template(talk, add_generation_prompt=True, return_tensors="pt", return_dict=False)
        said = tokenizer.decode(model.generate(ids, max_new_tokens=most, do_sample=False)[0, ids.shape[1]:],
                                skip_special_tokens=True)
        assert told["base"] == before_stops(said, stops).strip(), question
        cut += before_stops(said, stops) != said
    assert cut > 0, "a stop came"
