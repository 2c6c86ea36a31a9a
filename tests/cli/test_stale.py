"""What was computed is believed, what a file says of itself is not: hashes of weights, of encoders, of adapters."""

import json
import os
import pathlib
import shutil
import struct
import time

import pytest
from support import PROGRAM, Exit, dnd, fails, folder_bytes, read_adapter, sha256
from train_data import write_config, write_tasks

WEIGHTS = "decoder.safetensors"
MATRICES = "adapter_model.safetensors"
ENCODERS = PROGRAM.parents[1] / "share/dnd/encoders"


def overwrite(path, share: float, count: int, value: bytes) -> None:
    """`count` bytes of the data, from this share of the file on."""
    content = bytearray(pathlib.Path(path).read_bytes())
    begin = int(len(content) * share) // 4 * 4
    content[begin:begin + count] = (value * count)[:count]
    pathlib.Path(path).write_bytes(content)


def zero_the_last(path, count: int = 10) -> None:
    content = bytearray(pathlib.Path(path).read_bytes())
    content[-count:] = bytes(count)
    pathlib.Path(path).write_bytes(content)


@pytest.fixture
def own(bundle):
    """A generator to change."""
    shutil.copytree(bundle, "generator")
    return pathlib.Path("generator")


def test_other_weights_are_other_inputs(own, four):
    call = ["generate", "--model", own, "--prompts", four, "--out", "out"]
    dnd(*call)
    claimed = json.loads((own / "generator.json").read_text())["decoder"]["sha256"]
    assert read_adapter("out").metadata["dnd.generator_sha256"] == claimed == sha256(own / WEIGHTS)
    before = folder_bytes("out")
    overwrite(own / WEIGHTS, 0.5, 4000, struct.pack("<f", 0.25))
    assert "made from other inputs" in fails(Exit.CANNOT_CREATE, *call, "--resume")
    assert folder_bytes("out") == before
    result = dnd(*call, "--force")
    assert f"sha256 is {sha256(own / WEIGHTS)}, generator.json says {claimed}" in result.err
    assert read_adapter("out").metadata["dnd.generator_sha256"] == sha256(own / WEIGHTS) != claimed


def test_other_weights_are_seen(own, adapter):
    """By inspect, and by verify, which says that the adapter is another generator's."""
    made_by = sha256(own / WEIGHTS)
    assert "[generator]" not in dnd("verify", adapter, "--model", own, engine=False).out
    overwrite(own / WEIGHTS, 0.5, 4000, struct.pack("<f", 0.25))
    result = dnd("inspect", own, "--json", engine=False)
    assert result.json[0]["weights_sha256"] == sha256(own / WEIGHTS)
    assert f"generator.json says {made_by}" in result.err
    assert sha256(own / WEIGHTS) in dnd("inspect", own, engine=False).out
    result = dnd("verify", adapter, "--model", own, engine=False)
    words = f"[generator] made by weights of sha256 {made_by}, those of --model are {sha256(own / WEIGHTS)}"
    assert words in result.out


def test_another_encoder_of_the_name_is_another_input(bundle, four):
    encoder = pathlib.Path("all-MiniLM-L12-v2")
    shutil.copytree(next(ENCODERS.iterdir()), encoder)
    call = ["generate", "--model", bundle, "--prompts", four, "--encoder", encoder, "--out", "out"]
    dnd(*call)
    assert "finished already" in dnd(*call, "--resume", engine=False).err
    zero_the_last(encoder / "model.safetensors", 4000)
    assert "made from other inputs" in fails(Exit.CANNOT_CREATE, *call, "--resume")


@pytest.mark.parametrize("form, place, file", [
    ("peft", "out", MATRICES), ("gguf", "out.gguf", ""), ("mlx", "out.mlx", "adapters.safetensors")])
def test_a_damaged_adapter_is_not_finished(bundle, four, form, place, file):
    call = ["generate", "--model", bundle, "--prompts", four, "--format", form, "--out", "out"]
    dnd(*call)
    path = pathlib.Path(place) / file if file else pathlib.Path(place)
    whole = path.read_bytes()
    assert "finished already" in dnd(*call, "--resume", engine=False).err
    zero_the_last(path)
    assert "no finished adapter" in fails(Exit.CANNOT_CREATE, *call, "--resume")
    dnd(*call, "--force")
    assert path.read_bytes() == whole


def test_a_converted_adapter_has_a_hash_of_its_own(adapter):
    dnd("convert", adapter, "--to", "peft", "--adapter-dtype", "f32", "--out", "wide", engine=False)
    key = "dnd.content_sha256"
    assert read_adapter("wide").metadata[key] != read_adapter(adapter).metadata[key]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/dnd/file-hashes.txt"


def claimed_by(own, cache) -> str:
    """What a call says that the weights are."""
    return dnd("inspect", own, "--json", engine=False, env={"XDG_CACHE_HOME": str(cache.parents[1])}).json[0][
        "weights_sha256"]


def make_old(*paths) -> None:
    """Only the system can make what it remembers of a change old: by waiting."""
    time.sleep(max(0.0, max(os.stat(path).st_ctime for path in paths) + 2.1 - time.time()))


def test_a_hash_is_computed_once(own, cache):
    right = sha256(own / WEIGHTS)
    assert claimed_by(own, cache) == right
    assert not cache.exists(), "a file that may change within a tick of the clock is not remembered"
    make_old(own / WEIGHTS)
    assert claimed_by(own, cache) == right
    info = os.stat(own / WEIGHTS)
    line = f"{info.st_dev} {info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns} "
    assert cache.read_text() == line + right + "\n"
    assert cache.stat().st_mode & 0o777 == 0o600
    cache.write_text(line + "0" * 64 + "\n")  # to see that it is not computed again
    assert claimed_by(own, cache) == "0" * 64
    os.utime(own / WEIGHTS)
    assert claimed_by(own, cache) == right
    assert str(cache) in dnd("doctor", env={"XDG_CACHE_HOME": str(cache.parents[1])}).out


@pytest.mark.parametrize("damage", [
    lambda cache, line: cache.write_text(line + "0" * 63 + "g\n"),
    lambda cache, line: cache.write_text(line),
    lambda cache, line: cache.write_bytes(b"\0\xff" * 1000),
    lambda cache, line: (cache.write_text(line + "0" * 64 + "\n"), cache.chmod(0o620)),
    lambda cache, line: (cache.unlink(), cache.symlink_to("elsewhere"),
                         (cache.parent / "elsewhere").write_text(line + "0" * 64 + "\n")),
    lambda cache, line: (cache.unlink(), cache.mkdir()),
    lambda cache, line: (cache.unlink(), os.mkfifo(cache)),
], ids=["no digest", "cut", "bytes", "others may write it", "a link", "a folder", "a pipe"])
def test_a_cache_that_is_not_ours_is_not_believed(own, cache, damage):
    make_old(own / WEIGHTS)
    right = claimed_by(own, cache)
    damage(cache, cache.read_text()[:-65])
    assert claimed_by(own, cache) == right == sha256(own / WEIGHTS)


def test_without_a_place_for_it_all_works(own):
    for place in ("", "/proc/nowhere", "relative"):
        env = {"HOME": "", "XDG_CACHE_HOME": place}
        found = dnd("inspect", own, "--json", engine=False, env=env).json[0]["weights_sha256"]
        assert found == sha256(own / WEIGHTS)
    assert not pathlib.Path("relative").exists()


def test_a_start_is_what_it_is(own, four):
    """A training tells by what it found that it began with, and does not go on with another start."""
    write_tasks(".")
    write_config(steps=4, save_every=2, generator={"start": str(own.resolve())})
    call = ["train", "--config", "train.json", "--out", "out"]
    dnd(*call)
    made_by = json.loads(pathlib.Path("out/generator.json").read_text())["provenance"]["start_sha256"]
    assert made_by == sha256(own / WEIGHTS)
    shutil.rmtree("out")
    overwrite(own / WEIGHTS, 0.5, 4000, struct.pack("<f", 0.25))
    result = dnd(*call, "--resume", expect=Exit.DATA)
    assert f'start: "{made_by}" there, "{sha256(own / WEIGHTS)}" here' in result.err


def test_a_damaged_bundle_is_not_finished():
    write_tasks(".")
    write_config(steps=4)
    call = ["train", "--config", "train.json", "--out", "out"]
    dnd(*call)
    assert "finished already" in dnd(*call, "--resume").err
    overwrite(f"out/{WEIGHTS}", 0.5, 4000, struct.pack("<f", 0.25))
    assert "not those it was made with" in fails(Exit.CANNOT_CREATE, *call, "--resume", engine=True)
