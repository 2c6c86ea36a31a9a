"""What decides whether program, engine and CUDA library belong together: the id of the sources they were built from."""

import pathlib
import re
import subprocess

import pytest
from support import PROGRAM, ROOT, Exit, dnd, fails, tree

ENGINE = PROGRAM.parents[1] / "lib/dnd/libdnd_engine.so"
OTHER = "0123456789abcdef"
FILES = ("CMakeLists.txt", "src/base/a.h", "src/base/a.cpp", "src/ops/b.cu", "include/dnd/c.h", "apps/dnd/d.cpp",
         "apps/dnd/CMakeLists.txt", "cmake/e.cmake")


def write_source_tree(root):
    for name in FILES:
        file = pathlib.Path(root, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"// {name}\n")
    return pathlib.Path(root)


def written_id(root, out="build_id.cpp") -> str:
    script = ROOT / "cmake/write_build_id.cmake"
    subprocess.run(["cmake", f"-DROOT={pathlib.Path(root).resolve()}", f"-DOUT={pathlib.Path(out).resolve()}", "-P",
                    script], check=True)
    (found,) = re.findall(r'"([0-9a-f]{16})"', pathlib.Path(out).read_text())
    return found


def test_equal_sources_have_an_equal_id():
    first = written_id(write_source_tree("one"))
    pathlib.Path("other/src").mkdir(parents=True)
    pathlib.Path("other/README.md").write_text("no source")
    pathlib.Path("other/src/notes.txt").write_text("no source")
    assert written_id(write_source_tree("other")) == first


@pytest.mark.parametrize("name", FILES)
def test_any_changed_source_changes_it(name):
    root = write_source_tree("sources")
    before = written_id(root)
    (root / name).write_text("// changed\n")
    assert written_id(root) != before


def test_a_new_or_renamed_source_changes_it():
    root = write_source_tree("sources")
    ids = [written_id(root)]
    (root / "src/base/new.h").write_text("")
    ids.append(written_id(root))
    (root / "src/base/new.h").rename(root / "src/base/newer.h")
    ids.append(written_id(root))
    assert len(set(ids)) == 3


def test_an_unchanged_id_is_not_written_again():
    root = write_source_tree("sources")
    written_id(root)
    before = pathlib.Path("build_id.cpp").stat().st_mtime_ns
    written_id(root)
    assert pathlib.Path("build_id.cpp").stat().st_mtime_ns == before


def own_id() -> str:
    build = dnd("--json", "doctor").json[0]["build"]
    assert re.fullmatch("[0-9a-f]{16}", build)
    return build


def test_an_engine_of_another_build(bundle, four):
    build = own_id()
    content = ENGINE.read_bytes()
    assert build.encode() in content
    engine = pathlib.Path("libdnd_engine.so").resolve()
    engine.write_bytes(content.replace(build.encode(), OTHER.encode()))
    pathlib.Path("torch").symlink_to(ENGINE.parent / "torch")
    before = tree()
    message = fails(Exit.UNAVAILABLE, "generate", "--model", bundle, "--prompts", four, "--out", "made", "-q",
                    engine=True, env={"DND_ENGINE_LIBRARY": str(engine)})
    assert f"{engine} is of build {OTHER}, the program of build {build}" in message
    assert "build or install both from the same sources" in message
    assert tree() == before


def test_an_engine_without_an_id(bundle, four):
    library = str(ENGINE.parent / "torch/libc10.so")
    message = fails(Exit.UNAVAILABLE, "generate", "--model", bundle, "--prompts", four, "--out", "made", engine=True,
                    env={"DND_ENGINE_LIBRARY": library})
    assert library in message and "of another build?" in message
