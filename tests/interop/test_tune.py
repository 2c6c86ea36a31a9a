"""What `dnd tune` says of its adapters, as transformers and PEFT see them: the losses that it tells, with a chat
template and without."""

import json
import pathlib
import shutil

import peft
import pytest
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / "models/default/base"
TEMPLATE = ("{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}"
            "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}"
            "{% if add_generation_prompt %}[assistant]{% endif %}")
ROWS = [{"prompt": "say red", "answer": "red red"}, {"prompt": "tell blue", "answer": "blue"}]  # one is left out


@pytest.fixture(params=["template", "none"])
def base(request, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(BASE, folder)
    if request.param == "template":
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": TEMPLATE}))
    return folder


def lesson(tokenizer, row: dict) -> tuple[list[int], int]:
    """Ids, and where the answer begins."""
    if not tokenizer.chat_template:
        prompt = tokenizer(row["prompt"]).input_ids
        return [*tokenizer(f"{row['prompt']} {row['answer']}").input_ids, tokenizer.eos_token_id], len(prompt)
    asked = [{"role": "user", "content": row["prompt"]}]
    told = [*asked, {"role": "assistant", "content": row["answer"]}]

    def ids(messages, **options):
        text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
        return tokenizer(text, add_special_tokens=False).input_ids

    whole = ids(told)
    return whole[:whole.index(tokenizer.eos_token_id) + 1], len(ids(asked, add_generation_prompt=True))


def losses(model, tokenizer) -> list[float]:
    found = []
    for row in ROWS:
        ids, answer = lesson(tokenizer, row)
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0]
        found.append(torch.nn.functional.cross_entropy(logits[answer - 1:-1], torch.tensor(ids[answer:])).item())
    return found


def test_the_told_losses_are_those_of_peft(dnd, base, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    told = dnd.run("tune", "--base", base, "--tasks", rows, "--out", tmp_path / "tuned", "--rank", "4", "--steps", "20",
                   "--learning-rate", "0.01", "--json")
    made = json.loads(told.splitlines()[0])
    tokenizer = transformers.LlamaTokenizer.from_pretrained(base)  # AutoTokenizer of 5.x takes Qwen2Tokenizer
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    before = losses(model, tokenizer)
    after = losses(peft.PeftModel.from_pretrained(model, made["path"]), tokenizer)
    left_out = min(range(2), key=lambda row: abs(before[row] - made["before"]["loss"]))
    assert made["before"]["loss"] == pytest.approx(before[left_out], rel=1e-5)
    assert made["after"]["loss"] == pytest.approx(after[left_out], rel=1e-4)
    assert after[1 - left_out] < 0.5 * before[1 - left_out], "it learned the other"
