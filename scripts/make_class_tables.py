#!/usr/bin/env python3
"""Writes src/tokenizer/class_tables.cpp: the classes of tokenizers that transformers has, and for which model types.

Usage: make_class_tables.py (transformers 5.23); then clang-format
"""

import ast
import collections
import pathlib
import re
import textwrap

import transformers
from transformers.models.auto import tokenization_auto

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer/class_tables.cpp"
MISTRAL = "MistralCommonBackend"  # or the backend, by what is installed
REBUILT = {f"{name}Tokenizer" for name in ("Llama", "Gemma", "GPT2", "GPTNeoX", "Qwen2", "Qwen3_5", "Bert",
                                           "Roberta", "XLMRoberta")}
AS_THE_FILE_IS = {"TokenizersBackend", MISTRAL, "ParakeetTokenizer"}


def registered() -> dict[str, list[str]]:
    source = pathlib.Path(tokenization_auto.__file__).read_text()
    groups = collections.defaultdict(list)
    for model_type in tokenization_auto.TOKENIZER_MAPPING_NAMES:
        # Not the value: it depends on the packages that are installed.
        found = re.search(rf'\(\s*"{re.escape(model_type)}",\s*"(\w+)"', source)
        groups[found[1].removesuffix("Fast") if found else "TokenizersBackend"].append(model_type)
    return {name: sorted(types) for name, types in sorted(groups.items())}


def others(groups: dict[str, list[str]]) -> list[str]:
    names = set(groups)
    for path in (pathlib.Path(transformers.__file__).parent / "models").glob("*/tokenization_*.py"):
        names |= {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}
    names = {name for name in names if name.endswith("Tokenizer") and (name in groups or hasattr(transformers, name))}
    return sorted(names - REBUILT - AS_THE_FILE_IS)


def literal(words: list[str]) -> str:
    lines = textwrap.wrap(" ".join(words), width=92, break_on_hyphens=False, break_long_words=False)
    return "\n".join(f'"{line} "' for line in lines[:-1]) + f'\n"{lines[-1]}"'


def main() -> None:
    groups = registered()
    rows = "".join(f'{{"{name}", {literal(types)}}},\n' for name, types in groups.items())
    mistaken = sorted(tokenization_auto.MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS)
    OUT.write_text(f"""// transformers 5.23: which class it has registered for a model type, and its other classes.
// Written by scripts/make_class_tables.py.
#include "tokenizer/class_tables.h"

namespace dnd::tokenizer {{
namespace {{

constexpr RegisteredClass kRegistered[] = {{
{rows}}};

}}  // namespace

const std::span<const RegisteredClass> kRegisteredClasses = kRegistered;

const std::string_view kMistakenTypes = {literal(mistaken)};

const std::string_view kOtherClasses = {literal(others(groups))};

}}  // namespace dnd::tokenizer
""")


if __name__ == "__main__":
    main()
