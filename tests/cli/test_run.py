"""dnd run and dnd tokenize: a base model asked as people have it, with and without a chat template."""

import json
import subprocess

import pytest
from support import DATA, PROGRAM, ROOT, Exit, dnd, environment, fails

BASE = ROOT / "models/default/base"
SHORT = ("--max-tokens", "8")


@pytest.fixture(scope="module")
def own_adapter(tmp_path_factory):
    """An adapter of the default generator, for the default base."""
    folder = tmp_path_factory.mktemp("generated") / "adapter"
    dnd("generate", "--prompts", ROOT / "examples/questions.jsonl", "--out", folder)
    return next(path.parent for path in sorted(folder.rglob("adapter_config.json")))


def ids(*arguments, text: object = "two words") -> list[int]:
    return dnd("tokenize", *arguments, stdin=json.dumps(text) + "\n", engine=False).json[0]["ids"]


def test_tokenize_gives_ids_and_pieces_of_every_line():
    lines = '"two words"\n\n"two words again"\n'
    first, second = dnd("tokenize", "--base", BASE, stdin=lines, engine=False).json
    assert len(first["ids"]) == len(first["pieces"])
    assert second["ids"][:len(first["ids"])] == first["ids"]
    assert "".join(first["pieces"]).replace("\u2581", " ").strip().endswith("two words")


def test_tokenize_reads_strings_alone():
    result = dnd("tokenize", "--base", BASE, stdin='"fine"\nbare\n', engine=False, expect=Exit.DATA)
    assert "standard input: line 2" in result.last_error
    assert len(result.json) == 1, "what came before is answered"
    assert "expected a JSON string, got number" in fails(Exit.DATA, "tokenize", "--base", BASE, stdin="3\n")
    fails(Exit.USAGE, "tokenize", stdin='"x"\n')


def test_tokenize_applies_the_chat_template(chat_base):
    rendered = "[user]two words\n[assistant]"
    assert ids("--base", chat_base, "--chat", "auto") == ids("--base", BASE, "--no-special", text=rendered)
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    rendered = "[user]a\n[assistant]b\n[user]c\n[assistant]"
    assert ids("--base", chat_base, "--chat", "auto", text=talk) == ids("--base", BASE, "--no-special", text=rendered)
    rendered = "[system]be brief\n[user]two words\n[assistant]"
    assert ids("--base", chat_base, "--chat", "auto", "--system", "be brief") == ids(
        "--base", BASE, "--no-special", text=rendered)
    assert ids("--base", chat_base) == ids("--base", BASE), "none is the default"


def test_a_template_may_come_from_a_file(tmp_path, chat_base):
    file = tmp_path / "own.jinja"
    file.write_text("<{{ messages[0].content }}>")
    assert ids("--base", BASE, "--chat", file) == ids("--base", BASE, "--no-special", text="<two words>")
    file.write_text("{{ messages[")
    assert "own.jinja" in fails(Exit.DATA, "tokenize", "--base", BASE, "--chat", file, stdin='"x"\n')
    assert "nowhere" in fails(Exit.NO_INPUT, "tokenize", "--base", BASE, "--chat", "nowhere", stdin='"x"\n')


def test_a_system_text_needs_a_template():
    message = fails(Exit.USAGE, "tokenize", "--base", BASE, "--chat", "auto", "--system", "x", stdin='"x"\n')
    assert "has no chat template that takes it" in message
    assert "--chat none has no place for it" in fails(
        Exit.USAGE, "tokenize", "--base", BASE, "--chat", "none", "--system", "x", stdin='"x"\n')


def test_run_answers_and_is_the_same_at_once_and_line_by_line():
    one = dnd("run", "--base", BASE, *SHORT, "the first").out
    two = dnd("run", "--base", BASE, *SHORT, "the second").out
    assert dnd("run", "--base", BASE, *SHORT, "-", stdin="the first\n\nthe second\n").out == one + two
    assert dnd("run", "--base", BASE, *SHORT, stdin="the first\n").out == one
    told = dnd("run", "--base", BASE, *SHORT, "--json", "the", "first").json[0]
    assert told == {"prompt": "the first", "answer": one[:-1]}


def many(count: int) -> list[str]:
    return [f"{'the ' * (i % 5)}question {i}" for i in range(count)]


def test_run_gives_lines_together_the_answers_of_lines_alone(own_adapter, chat_base):
    """More lines than are asked at once, in their order, whatever is asked beside them and by how many threads."""
    questions = many(70)
    for options in (("--base", BASE, "-a", own_adapter), ("--base", chat_base)):
        call = ("run", *options, *SHORT, "--json")
        together = dnd(*call, "--verbose", "-", stdin="\n \n".join(questions))
        assert "32 questions in one go" in together.err
        assert [told["prompt"] for told in together.json] == questions
        for told in together.json[::23]:
            assert dnd(*call, told["prompt"]).json == [told]
        assert dnd(*call, "--threads", 1, "-", stdin="\n".join(questions)).out == together.out
        plain = dnd("run", *options, *SHORT, "-", stdin="\n".join(questions)).out
        assert plain == "".join(told["answer"] + "\n" for told in together.json)


def test_run_does_not_wait_for_a_second_line():
    """Who writes a line and waits for its answer gets it."""
    call = [PROGRAM, "run", "--base", BASE, *SHORT, "--json", "-"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=environment()) as process:
        for question in many(3):
            process.stdin.write(question + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["prompt"] == question
        process.stdin.write("the first\nthe second\nand a")
        process.stdin.close()
        assert [json.loads(line)["prompt"] for line in process.stdout] == ["the first", "the second", "and a"]
        assert process.wait() == 0


def test_run_answers_what_comes_before_a_line_that_cannot_be_asked():
    questions = many(3)
    stdin = "\n".join([*questions, "word " * 3000, "never"])
    result = dnd("run", "--base", BASE, *SHORT, "--json", "-", stdin=stdin, expect=Exit.DATA)
    assert [told["prompt"] for told in result.json] == questions
    assert "the prompt has" in result.last_error


def test_run_asks_by_the_chat_template(chat_base):
    asked = dnd("run", "--base", chat_base, *SHORT, "the first")
    assert "asked by its own chat template" in asked.err
    plain = dnd("run", "--base", chat_base, *SHORT, "--chat", "none", "[user]the first\n[assistant]")
    assert "chat template" not in plain.err
    assert asked.out == plain.out, "this tokenizer puts no markers"


def test_run_takes_an_adapter_with_its_weight(own_adapter, tmp_path):
    base = dnd("run", "--base", BASE, *SHORT, "--json", "the first").json[0]["answer"]
    assert dnd("run", "--base", BASE, *SHORT, "--json", "-a", f"{own_adapter}:0", "the first").json[0]["answer"] == base
    assert dnd("run", "--base", BASE, *SHORT, "-a", own_adapter, "the first").out
    fails(Exit.NO_INPUT, "run", "--base", BASE, "-a", tmp_path / "none", "x", engine=True)


def test_a_base_without_tokenizer_is_refused_before_the_engine_is_opened():
    assert "neither tokenizer.json" in fails(Exit.NO_INPUT, "run", "--base", DATA / "interop/llama/base", "x")


def test_verify_asks_as_run_does(own_adapter, chat_base):
    run = ("verify", own_adapter, "--run", "--json", *SHORT)
    asked = dnd(*run, "--base", chat_base).json[0]["run"]
    assert asked["prompt"] == "What is the capital of France?"
    assert asked["ids"] == ids("--base", chat_base, "--chat", "auto", text=asked["prompt"])
    answer = dnd("run", "--base", chat_base, *SHORT, asked["prompt"]).out
    assert asked["base_answer"] == answer.split("\n")[0]
    plain = dnd(*run, "--base", chat_base, "--chat", "none", "--prompt", "x").json[0]["run"]
    assert plain["ids"] == ids("--base", BASE, text="x")
    fails(Exit.USAGE, *run, "--base", chat_base, "--ids", "1,2", "--chat", "none")


def test_run_passes_over_lines_of_white_space():
    stdin = "\n \n\u00a0\nthe first\n\u2003\u3000\n"
    result = dnd("run", "--base", BASE, *SHORT, "--json", "-", stdin=stdin)
    assert [told["prompt"] for told in result.json] == ["the first"]
    blank = dnd("run", "--base", BASE, *SHORT, "-", stdin="\u00a0\n", expect=Exit.DATA)
    assert "standard input has no question" in blank.last_error
