"""Where a base model lies: a folder, a file, or a name in the hub's local cache."""

import json
import shutil

import pytest
from support import DATA, Exit, dnd, fails, safetensors_bytes

LLAMA = DATA / "interop/llama"
BASE, ADAPTER = LLAMA / "base", LLAMA / "adapter"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "someone/tiny-llama"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 123456\n"


@pytest.fixture
def cache(tmp_path):
    """A cache as huggingface_hub makes it: blobs, and a snapshot of links to them."""
    hub = tmp_path / "home/hub"
    repository = hub / f"models--{NAME.replace('/', '--')}"
    snapshot = repository / "snapshots" / COMMIT
    for folder in (snapshot, repository / "blobs", repository / "refs"):
        folder.mkdir(parents=True)
    for file in BASE.iterdir():
        shutil.copy(file, repository / "blobs" / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    (repository / "refs/main").write_text(COMMIT)
    return snapshot


@pytest.fixture
def env(cache):
    """An environment in which it is the only one."""
    return {"HF_HOME": str(cache.parents[3]), "HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": ""}


def test_every_command_takes_a_name_of_the_cache(env, tmp_path):
    layout = json.loads(dnd("layout", "--base", NAME, "--rank", "4", "--json", env=env).out)
    assert layout["layout"]["base_model"] == NAME
    by_folder = dnd("verify", ADAPTER, "--base", BASE, "--json", env=env)
    assert dnd("verify", ADAPTER, "--base", NAME, "--json", env=env).out == by_folder.out
    assert dnd("verify", ADAPTER, "--base", NAME, "--run", "--ids", "1,2,3", env=env).code == 0
    dnd("merge", ADAPTER, "--base", NAME, "--out", tmp_path / "merged", env=env)
    dnd("merge", ADAPTER, "--base", BASE, "--out", tmp_path / "expected", env=env)
    merged = (tmp_path / "merged/model.safetensors").read_bytes()
    assert merged == (tmp_path / "expected/model.safetensors").read_bytes()
    gguf = tmp_path / "a.gguf"
    dnd("convert", ADAPTER, "--to", "gguf", "--base", f"{NAME}@{COMMIT}", "--out", gguf, env=env)
    dnd("compose", gguf, ADAPTER, "--base", NAME, "--out", tmp_path / "sum", env=env)


def test_where_a_name_was_found_is_said(cache, env):
    assert str(cache) in dnd("layout", "--base", NAME, "--rank", "4", env=env).err


def test_nothing_is_written_into_the_cache(cache, env, tmp_path):
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in (tmp_path / "home").rglob("*"))
    dnd("verify", ADAPTER, "--base", NAME, "--run", "--ids", "1,2,3", env=env)
    dnd("merge", ADAPTER, "--base", NAME, "--out", tmp_path / "merged", env=env)
    assert before == sorted((str(path), path.lstat().st_mtime_ns) for path in (tmp_path / "home").rglob("*"))
    fails(Exit.CANNOT_CREATE, "merge", ADAPTER, "--base", NAME, "--out", cache, "--force", env=env)


def test_what_the_cache_lacks_comes_with_the_command_that_fetches_it(env):
    message = fails(Exit.NO_INPUT, "verify", ADAPTER, "--base", "someone/else", env=env)
    assert "'hf download someone/else' fetches it" in message
    message = fails(Exit.NO_INPUT, "verify", ADAPTER, "--base", f"{NAME}@v2", env=env)
    assert f"'hf download {NAME} --revision v2' fetches it" in message


LFS = "is a Git LFS pointer, not the file itself; 'git lfs pull' fetches it"


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_pointer_of_lfs_is_named(tmp_path, file):
    base = tmp_path / "base"
    shutil.copytree(BASE, base)
    (base / file).write_text(POINTER)
    message = fails(Exit.DATA, "merge", ADAPTER, "--base", base, "--out", tmp_path / "out")
    assert message.endswith(f"{base / file}: {LFS}")


def test_single_files_that_are_pointers_are_named(tmp_path):
    for name, call in {"m.gguf": ["verify", ADAPTER, "--base"], "g.pth": ["inspect"], "a.safetensors": ["inspect"],
                       "a.bin": ["inspect"], "layout.json": ["inspect"]}.items():
        file = tmp_path / name
        file.write_text(POINTER)
        assert fails(Exit.DATA, *call, file).endswith(f"{file}: {LFS}")


def test_tokenizers_of_other_kinds_are_named(tmp_path):
    call = ["tokenize", "--base", tmp_path]
    model = tmp_path / "tokenizer.model"
    model.write_text(POINTER)
    assert fails(Exit.DATA, *call, stdin='"x"').endswith(f"{model}: {LFS}")
    model.write_text("IQ== 0\nIg== 1\n")
    message = fails(Exit.DATA, *call, stdin='"x"')
    assert f"{model}: is a tiktoken model, which is not read; the tokenizer.json of the same model is" in message
    model.rename(tmp_path / "qwen.tiktoken")
    assert "it has qwen.tiktoken (a tiktoken model), which is not read" in fails(Exit.NO_INPUT, *call, stdin='"x"')


def test_weights_in_fp8_are_named(tmp_path):
    header = {f"transformer.x.to_q.lora_{letter}.weight": {"dtype": "F8_E4M3", "shape": shape, "data_offsets": place}
              for letter, shape, place in (("A", [4, 32], [0, 128]), ("B", [32, 4], [128, 256]))}
    file = tmp_path / "fp8.safetensors"
    file.write_bytes(safetensors_bytes(header, bytes(256)))
    for call in (["convert", file, "--to", "diffusers", "--out", tmp_path / "out.safetensors"], ["verify", file]):
        assert f"{file}: holds fp8 weights, which are not read: tensor 'transformer.x" in fails(Exit.DATA, *call)


def test_an_encoder_is_found_by_name(env):
    message = fails(Exit.NO_INPUT, "generate", "--encoder", "someone/encoder", "-p", "-", stdin="x\n", env=env)
    assert "'hf download someone/encoder' fetches it" in message
