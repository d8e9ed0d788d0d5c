"""Paths in values: what they hold travels, and is written where it is needed."""

import io
import os
import pickle
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tangentflow.errors import LateRefusal, NotPicklable
from tangentflow.runtime import contents, packing
from tangentflow.runtime.codec import decode, digest, encode, holds_files, with_files
from tangentflow.runtime.glue import glue
from tangentflow.runtime.outcome import Raised, Value
from tangentflow.runtime.packing import Exports, Room
from tangentflow.runtime.pathvalue import PathValue


def sent(value):
    return encode(Value(value), where="make", files=True)


@pytest.fixture
def room(tmp_path):
    folder = tmp_path / "room"
    folder.mkdir()
    with Room(str(folder)) as found:
        yield found


def received(value, room):
    return decode(sent(value), files=room).value


def tree(path):
    found = {}
    for part in sorted(path.rglob("*")):
        name = part.relative_to(path).as_posix()
        if part.is_symlink():
            found[name] = ("link", os.readlink(part))
        elif part.is_dir():
            found[name] = ("dir",)
        else:
            found[name] = ("file", part.read_bytes(), bool(part.stat().st_mode & stat.S_IXUSR))
    return found


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    (made / "deep" / "er").mkdir(parents=True)
    (made / "empty").mkdir()
    (made / "deep" / "er" / "x").write_bytes(b"\0\xff")
    (made / "run").write_text("#!/bin/sh\n")
    (made / "run").chmod(0o700)
    (made / "private").write_text("p")
    (made / "private").chmod(0o600)
    return made


def test_a_file(tmp_path, room):
    (tmp_path / "a.txt").write_text("text")
    found = received(tmp_path / "a.txt", room)
    assert type(found) is type(tmp_path)
    assert found.name == "a.txt" and found.read_text() == "text" and found != tmp_path / "a.txt"
    assert os.access(found, os.W_OK) and not os.access(found, os.X_OK)


def test_a_directory(folder, room):
    found = received(folder, room)
    assert found.name == "data" and tree(found) == tree(folder)


def test_links(folder, tmp_path, room):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "y").write_text("other")
    (tmp_path / "other" / "own").symlink_to("y")
    links = {
        "inside": "run",
        "deep/up": "../run",
        "deep/dir": "../empty",
        "deep/around": "er/../er/x",
        "absolute": str(folder / "deep" / "er" / "x"),
        "out": "../other/y",
        "out_dir": str(tmp_path / "other"),
        "nowhere": "not/there",
        "far": "/not/there",
        "beyond": "../../../not/there",
        "round": "about",
        "about": "round",
        "self": ".",
    }
    for name, text in links.items():
        (folder / name).symlink_to(text)
    found = received(folder, room)
    kept = {name for name in links if (found / name).is_symlink()}
    assert kept == set(links) - {"out", "out_dir"}
    assert os.readlink(found / "deep" / "up") == "../run"
    assert os.readlink(found / "absolute") == "deep/er/x"
    assert (found / "deep" / "around").read_bytes() == b"\0\xff"
    assert (found / "out").read_text() == "other"
    assert tree(found / "out_dir") == {"y": ("file", b"other", False), "own": ("link", "y")}
    assert not (found / "nowhere").exists() and os.readlink(found / "far") == "/not/there"
    assert (found / "self" / "self" / "run").exists()
    with pytest.raises(OSError):
        (found / "round").read_text()
    assert digest(found) == digest(folder)


def test_a_path_that_is_a_link_is_what_it_leads_to(folder, tmp_path, room):
    (tmp_path / "current").symlink_to("data")
    found = received(tmp_path / "current", room)
    assert found.name == "current" and not found.is_symlink() and tree(found) == tree(folder)


def test_a_link_to_what_it_lies_in(folder, tmp_path):
    (folder / "up").symlink_to("..")
    with pytest.raises(NotPicklable, match="which it lies in itself"):
        sent(folder)
    (folder / "up").unlink()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "back").symlink_to(folder)
    (folder / "forth").symlink_to(tmp_path / "other")
    with pytest.raises(NotPicklable, match="which it lies in itself"):
        sent(folder)


HOSTILE = [
    "a\nb",
    "ä é 🐋",
    "-rf",
    "{{x}}",
    "'\"$(x)`",
    " ",
    "...",
    "a" * 255,
    "x\\y",
    b"\xff\xfe".decode("utf-8", "surrogateescape"),
]


def test_hostile_names(tmp_path, room):
    made = tmp_path / "a\nb {{x}}"
    (made / ("d" * 200) / ("e" * 200)).mkdir(parents=True)
    for name in HOSTILE:
        (made / name).write_text(name, errors="surrogateescape")
        (made / ("d" * 200) / ("e" * 200) / name).symlink_to("x" * 200)
    found = received(made, room)
    assert found.name == made.name and tree(found) == tree(made) and len(tree(found)) == 22
    for name in HOSTILE:
        assert received(made / name, room).read_text(errors="surrogateescape") == name


def test_many_files(tmp_path, room):
    made = tmp_path / "many"
    made.mkdir()
    for i in range(200):
        (made / f"{i}").write_text(f"{i}" * i)
    assert tree(received(made, room)) == tree(made)


def test_a_large_file(tmp_path, room):
    block = os.urandom(1 << 20)
    with open(tmp_path / "large", "wb") as file:
        for _ in range(50):
            file.write(block)
    found = received({"model": [tmp_path / "large"]}, room)["model"][0]
    assert found.stat().st_size == 50 << 20 and digest(found) == digest(tmp_path / "large")


def test_larger_than_may_travel(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "LIMIT", 3 << 20)
    (tmp_path / "small").write_bytes(bytes(1 << 20))
    assert sent(tmp_path / "small")
    (tmp_path / "large").write_bytes(bytes(3 << 20))
    with pytest.raises(NotPicklable, match=r"/large holds more than the 3 MiB that may travel; put it on a volume"):
        sent([tmp_path / "small", tmp_path / "large"])


@dataclass
class Model:
    weights: Path
    logs: dict


def test_inside_other_values(folder, tmp_path, room):
    (tmp_path / "w").write_text("w")
    found = received((Model(tmp_path / "w", {"all": folder}), {folder / "run": 1}, {tmp_path / "w"}), room)
    model, runs, paths = found
    assert model.weights.read_text() == "w" and tree(model.logs["all"]) == tree(folder)
    assert [path.name for path in runs] == ["run"] and paths == {model.weights}


def test_paths_of_one_value_keep_their_places(folder, tmp_path, room):
    (tmp_path / "beside").write_text("b")
    deep, whole, beside, again, child = received(
        [folder / "deep", folder, tmp_path / "beside", Path(str(folder)), folder / "deep" / "er" / "x"], room
    )
    assert deep == whole / "deep" and again == whole and beside == whole.parent / "beside"
    assert child.relative_to(deep).as_posix() == "er/x" and child.read_bytes() == b"\0\xff"
    assert sorted([whole, beside]) == [beside, whole]


def test_equal_names_do_not_meet(tmp_path, room):
    for i in range(3):
        (tmp_path / f"{i}").mkdir()
        (tmp_path / f"{i}" / "log").write_text(f"{i}")
    found = received([tmp_path / f"{i}" / "log" for i in range(3)], room)
    assert [path.read_text() for path in found] == ["0", "1", "2"] and {path.name for path in found} == {"log"}


def test_names_do_not_grow_from_step_to_step(tmp_path):
    paths = []
    for i in range(30):
        (tmp_path / f"{i}").write_text(f"{i}")
        with Room() as room:
            paths = received([*paths, tmp_path / f"{i}"], room)
            data = sent(paths)
        paths = decode(data, files=Exports(str(tmp_path / "kept"))).value
    assert [path.read_text() for path in paths] == [f"{i}" for i in range(30)]
    assert max(len(str(path)) for path in paths) < len(str(tmp_path)) + 60


def test_relative_paths(folder, tmp_path, room, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = received([Path("data/run"), Path("./data/../data/empty"), Path("data")], room)
    assert [path.name for path in found] == ["run", "empty", "data"] and tree(found[2]) == tree(folder)


def test_a_path_that_does_not_exist_is_its_text(tmp_path, room, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [Path("a/b"), Path("/not/there"), Path("x" * 300), Path("a\0b"), Path("f/x")]
    (tmp_path / "f").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    names.append(Path("loop"))
    assert received(names, room) == names and not holds_files(sent(names))


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_path_without_a_name(name):
    with pytest.raises(NotPicklable, match=r"\['x'\]: .* has no name of its own: pass its resolve\(\)"):
        sent({"x": Path(name)})


def test_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null")):
        with pytest.raises(NotPicklable, match="is neither a file nor a directory"):
            sent([path])


def test_other_classes(tmp_path, room):
    class Own(type(tmp_path)):
        """Looks like a path."""

    (tmp_path / "a").write_text("a")
    with pytest.raises(NotPicklable, match="of another class than pathlib.Path"):
        sent(Own(tmp_path / "a"))

    class Remote(type(tmp_path)):
        """Says itself how it is pickled."""

        def __reduce__(self):
            return str, ("remote",)

    assert received(Remote(tmp_path / "a"), room) == "remote"


def test_an_exception_with_a_path(folder, room):
    error = ValueError("bad", folder / "run")
    error.where = folder
    data = encode(Raised(error), where="make", files=True)
    found = decode(data, files=room).exception
    assert found.args[1].read_text() == "#!/bin/sh\n" and found.where == found.args[1].parent
    os.mkfifo(folder / "pipe")
    found = decode(encode(Raised(error), where="make", files=True), files=room).exception
    assert isinstance(found, NotPicklable) and "neither a file nor a directory" in str(found)


def test_too_large_for_an_exception(folder, monkeypatch):
    monkeypatch.setattr(packing, "LIMIT", 3)
    found = decode(encode(Raised(ValueError(folder)), where="make", files=True)).exception
    assert isinstance(found, NotPicklable) and "may travel" in str(found)


def test_the_same_bytes(folder, tmp_path):
    other = tmp_path / "other" / "data"
    other.parent.mkdir()
    with Room() as room:
        os.rename(received(folder, room), other)
    os.utime(other / "run", (0, 0))
    (other / "private").chmod(0o644)
    assert sent(other) == sent(folder)
    with tarfile.open(fileobj=io.BytesIO(packing.pack([str(folder)]).tar)) as archive:
        names = archive.getnames()
    assert names == [f"0/data{rest}" for rest in ("", "/deep", "/deep/er", "/deep/er/x", "/empty", "/private", "/run")]


def test_digests(folder, tmp_path):
    seen = {digest(folder)}

    def changed():
        found = digest(folder)
        assert found not in seen
        seen.add(found)

    (folder / "private").write_text("q")
    changed()
    (folder / "private").chmod(0o755)
    changed()
    (folder / "private").rename(folder / "renamed")
    changed()
    (folder / "empty" / "er").mkdir()
    changed()
    (folder / "link").symlink_to("run")
    changed()
    folder.rename(tmp_path / "moved")
    changed()
    assert digest(tmp_path / "moved") not in seen
    assert digest(Path("not/there")) != digest(Path("there"))
    assert digest([tmp_path / "moved"]) == digest([decode(sent(tmp_path / "moved")).value])


class Tagged(type(Path())):
    """A path of another class, which says itself how it travels."""

    def __reduce__(self):
        return Tagged, (str(self),), {"tag": self.tag}


def test_digests_of_what_is_no_file_of_a_step(folder, tmp_path):
    first, second = digest(folder, files=False), digest([folder, decode(sent(folder)).value], files=False)
    (folder / "more").write_text("more")
    assert digest(folder, files=False) == first != digest(folder)
    assert digest(folder / "more", files=False) != digest(tmp_path / "more", files=False)
    assert digest([folder, decode(sent(folder)).value], files=False) != second, "contents that came from a step count"
    found = Tagged(folder)
    found.tag = 1
    seen = digest(found)
    found.tag = 2
    assert digest(found) != seen


# -- between the steps ------------------------------------------------------------------------------------------------


def between(value):
    return decode(sent(value)).value


def test_what_glue_may_know(folder, room):
    path = between(folder)
    child = path / "deep" / "er"
    with glue():
        assert isinstance(path, Path) and (path.name, path.stem, path.suffix, path.suffixes) == ("data", "data", "", [])
        assert child.name == "er" and (path / "").name == "data" and path / Path("/abs") == Path("/abs")
        assert path in [path, None] and path != None and path != Path("other") and {path: 1}[path] == 1  # noqa: E711
    for data in (encode(Value((path, child)), where="x"), sent([path, child])):
        found, inner = decode(data, files=room).value
        assert tree(found) == tree(folder) and inner == found / "deep" / "er"
    alone = decode(encode(Value(child), where="x"), files=room).value
    assert tree(alone) == tree(folder / "deep" / "er") and digest(child) == digest(alone) == digest(
        folder / "deep" / "er"
    )


@pytest.mark.parametrize(
    "use",
    [
        str, repr, "{}".format, os.fspath, open, bytes, os.listdir, pickle.dumps,
        lambda path: path.parent, lambda path: path.parts, lambda path: path.with_suffix(".x"), lambda path: path.exists(),
        lambda path: path.read_text(), lambda path: path / ".." / "x", lambda path: "before" / path,
        lambda path: path.relative_to("x"), lambda path: path == Path("data"), lambda path: path < Path("data"),
        lambda path: path / path, lambda path: path.resolve(), lambda path: path.joinpath("..", "x"), lambda path: path.as_posix(),
    ],
)  # fmt: skip
def test_what_glue_may_not_know(folder, use):
    path = between(folder)
    with glue(), pytest.raises(LateRefusal, match="the path 'data' came from .* only its name is known"):
        use(path)


def test_paths_of_different_values_are_not_compared(folder):
    one, other = between([folder, folder / "run"]), between([folder])
    with glue():
        assert one[0] != other[0] / "x" and one[1] != other[0] and one[0] < one[1] and sorted(one) == one
        with pytest.raises(LateRefusal, match="equals another"):
            assert one[0] == other[0]
        with pytest.raises(LateRefusal, match="equals another"):
            assert one[0] in {other[0]}
        with pytest.raises(LateRefusal, match="its order"):
            assert one[0] < other[0]


def test_contents_are_sent_on_without_being_written(folder):
    paths = between([folder, folder / "run"])
    assert sent(paths[::-1]) and paths[0]._tf_packed._place is None
    assert paths[0]._tf_packed.directory()
    place = paths[0]._tf_packed.directory()
    del paths
    assert not os.path.exists(place)


def test_a_child_with_links_to_its_surroundings(folder, room):
    (folder / "deep" / "er" / "out").symlink_to("../../run")
    child = between(folder) / "deep"
    assert received(child, room).joinpath("er", "out").read_text() == "#!/bin/sh\n"


def test_glue_keeps_its_own_paths(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert decode(encode(Value(Path("run")), where="x")).value == Path("run")
    assert not isinstance(decode(encode(Value(Path("run")), where="x")).value, PathValue)


# -- places -----------------------------------------------------------------------------------------------------------


def test_a_room_is_gone_afterwards(folder):
    with Room() as room:
        found = received(folder, room)
        other = received(folder, room)
        assert found.exists() and other != found
    assert not found.exists() and not other.exists()


def test_what_users_get_is_there_once_and_whole(folder, tmp_path):
    place = Exports(str(tmp_path / "files"))
    first, second = (decode(sent(folder), files=place).value for _ in range(2))
    assert first == second and tree(first) == tree(folder)
    (first / "run").write_text("changed by the user")
    third = decode(sent(folder), files=place).value
    assert tree(third) == tree(folder) and (first / "run").read_text() == "changed by the user"
    assert with_files(Value(between(folder)), place).value == third
    assert with_files(Value(lambda: open(third)), place).value


def test_unreadable(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("s")

    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(contents.os, "stat", refuse)
    with pytest.raises(NotPicklable, match="Permission denied"):
        sent(tmp_path / "secret")
