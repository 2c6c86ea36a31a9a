"""What is guessed about prompt files, and what is told of it."""

import gzip
import json
import pathlib

import pytest
from support import QUESTIONS, Exit, dnd, fails, prompts_sha256, read_safetensors, write_prompts

FOUR = QUESTIONS[:4]


def taken(bundle, name: str, *arguments) -> str:
    """The hash of the first four prompts that `encode` takes from a file."""
    (line,) = dnd("encode", "--json", "-m", bundle, "-p", name, "--select", "first", "-o", f"{name}.safetensors",
                  *arguments).json
    assert read_safetensors(f"{name}.safetensors").metadata["dnd.prompts_sha256"] == line["prompts_sha256"]
    return line["prompts_sha256"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_not_read_as_one_column(bundle, separator):
    rows = ["question;answer", *(f"{question};{n}" for n, question in enumerate(QUESTIONS))]
    pathlib.Path("a.csv").write_text("".join(row.replace(";", separator) + "\n" for row in rows))
    assert taken(bundle, "a.csv") == prompts_sha256(FOUR)


def test_the_first_prompt_is_no_header(bundle):
    pathlib.Path("a.csv").write_text("".join(f"{question}\n" for question in QUESTIONS))
    assert taken(bundle, "a.csv") == prompts_sha256(FOUR)


def test_a_table_from_a_pipe(bundle):
    rows = "".join(f"{question};{n}\n" for n, question in enumerate(QUESTIONS))
    (line,) = dnd("encode", "--json", "-m", bundle, "-p", "-", "--select", "first", "-o", "c",
                  stdin="question;answer\n" + rows).json
    assert line["prompts_sha256"] == prompts_sha256(FOUR)


def test_one_line_tells_what_was_guessed(bundle):
    for number in range(4):
        write_prompts(f"{number}.jsonl", QUESTIONS, answer="42", context="a passage")
    told = ("prompts: 0.jsonl and 3 more: JSON Lines, 40 prompts from 'prompt'; left out: answers 'answer'; "
            "context 'context'; first 'What is 2 times 3?'")
    call = ["-m", bundle, "-p", *(f"{number}.jsonl" for number in range(4))]
    for command in (["generate", "-n"], ["generate", "-o", "g"], ["encode", "-o", "c"]):
        assert told in dnd(*command, *call).err
        assert "prompts: " not in dnd("-q", *command, *call, "--force").err
    wanted = [{"file": "0.jsonl", "files": 4, "container": "JSON Lines", "prompts": 40, "fields": ["prompt"],
               "left_out": ["answer", "context"], "first": "What is 2 times 3?"}]
    for command in (["generate", "-n"], ["generate", "-o", "h"], ["encode", "-o", "d"]):
        (line,) = dnd(*command, *call, "--json").json
        assert line["prompts_read"] == wanted


def test_gzip(bundle, four):
    pathlib.Path("z.jsonl.gz").write_bytes(gzip.compress(pathlib.Path(four).read_bytes()))
    assert taken(bundle, "z.jsonl.gz") == prompts_sha256(FOUR)
    assert dnd("generate", "-m", bundle, "-p", "z.jsonl.gz").lines == ["adapters/z"]


@pytest.mark.slow
def test_gzip_is_unpacked_up_to_a_limit(bundle):
    member = gzip.compress(b" " * (1 << 24))
    pathlib.Path("bomb.jsonl.gz").write_bytes(member * 65)
    message = fails(Exit.DATA, "generate", "-m", bundle, "-p", "bomb.jsonl.gz")
    assert "bomb.jsonl.gz: larger than the limit of 1.07 GB when unpacked" in message


@pytest.mark.parametrize(("name", "content", "kind"), [
    ("p.parquet", b"PAR1" + bytes(64) + b"PAR1", "is a Parquet file"),
    ("u.jsonl", '{"prompt": "a"}\n'.encode("utf-16-le"), "is UTF-16LE without a byte-order mark"),
    ("u.jsonl", '{"prompt": "a"}\n'.encode("utf-16-be"), "is UTF-16BE without a byte-order mark"),
    ("y.yaml", b"- prompt: a\n", "is YAML"),
], ids=["parquet", "utf-16-le", "utf-16-be", "yaml"])
def test_other_kinds_are_refused_by_name(bundle, name, content, kind):
    pathlib.Path(name).write_bytes(content)
    for command in (["generate", "-n"], ["encode", "-o", "c"]):
        message = fails(Exit.DATA, *command, "-m", bundle, "-p", name)
        assert f"prompts: {name}: {kind}" in message


def test_question_and_answer_in_one_text(bundle):
    records = [{"text": f"### Human: {question}### Assistant: {n}"} for n, question in enumerate(QUESTIONS)]
    pathlib.Path("a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    assert taken(bundle, "a.jsonl") == prompts_sha256(FOUR)
    assert taken(bundle, "a.jsonl", "--field", "text", "-f") == prompts_sha256(
        [record["text"] for record in records[:4]])
