#!/usr/bin/env python3
"""Writes tests/data/tokenizer/folders.json: folders of base models with small tokenizers and random settings, and what
transformers' AutoTokenizer makes of them.

Usage: make_folder_cases.py (transformers 5.23, tokenizers 0.23)
"""

import json
import pathlib
import random
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests/interop"), str(ROOT / "scripts/python")]

import random_folders
from test_folder_tokenizers import quiet, reference
from transformers import AutoTokenizer

CASES = 60
TEXTS = random_folders.TEXTS


def is_rebuilt_of_another_kind(folder: pathlib.Path) -> bool:
    """The class keeps a vocabulary of a model that it does not have."""
    model = quiet(lambda: AutoTokenizer.from_pretrained(folder)).backend_tokenizer.model
    return type(model).__name__ != json.loads((folder / "tokenizer.json").read_text())["model"]["type"]


def make_case(seed: int, models: list, folder: pathlib.Path) -> dict | None:
    random_folders.write(random.Random(seed), folder)
    answers = reference(folder, TEXTS)
    if answers is None or is_rebuilt_of_another_kind(folder):
        return None
    files = {str(path.relative_to(folder)): path.read_bytes().decode() for path in folder.rglob("*") if path.is_file()}
    document = json.loads(files.pop("tokenizer.json"))
    model = document.pop("model")
    if model not in models:
        models.append(model)
    return {"seed": seed, "model": models.index(model), "document": document, "files": files, "facts": answers[0],
            "answers": [list(answer.values()) for answer in answers[1:]]}


def main() -> None:
    models, cases, seed = [], [], 20_000
    with tempfile.TemporaryDirectory() as root:
        while len(cases) < CASES:
            case = make_case(seed, models, pathlib.Path(root) / "base")
            cases += [case] if case else []
            shutil.rmtree(pathlib.Path(root) / "base")
            seed += 1
    out = {"models": models, "texts": TEXTS, "cases": cases}
    path = ROOT / "tests/data/tokenizer/folders.json"
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
