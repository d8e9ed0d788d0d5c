"""Paths as values: files and directories that steps write and read."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tangentflow import step, workflow
from tests.corpus.steps import enter, f, g


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="corpus-"))


@step
def write(text, name="x.txt") -> Path:
    enter("write", text, name)
    path = _folder() / name
    path.write_text(str(text))
    return path


@step
def read(path):
    enter("read", path)
    return path.read_text()


@step
def size(path: Path | None = None):
    enter("size", path)
    return -1 if path is None else len(path.read_bytes())


@step
def tree(n) -> Path:
    """A directory with files, a directory in it that is empty, links and a program."""
    enter("tree", n)
    folder = _folder() / "tree"
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    for i in range(n):
        (folder / "data" / f"{i} é \n{{{{x}}}}.txt").write_text(f"part {i}")
    (folder / "first").write_text("first")
    (folder / "link").symlink_to("first")
    (folder / "data" / "up").symlink_to("../first")
    (folder / "nowhere").symlink_to("not/there")
    (folder / "loop").symlink_to("loop")
    tool = folder / "tool.sh"
    tool.write_text("#!/bin/sh\necho done\n")
    tool.chmod(0o755)
    return folder


@step
def listing(path):
    enter("listing", path)
    found = []
    for part in sorted(path.rglob("*")):
        kind = "link" if part.is_symlink() else "directory" if part.is_dir() else "file"
        found.append((part.relative_to(path).as_posix(), kind, os.access(part, os.X_OK)))
    return found


@step
def several(n):
    enter("several", n)
    folder = _folder()
    paths = []
    for i in range(n):
        path = folder / f"d{i % 2}" / f"{i}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"text {i}")
        paths.append(path)
    return paths


@dataclass
class Model:
    """A result with files in it."""

    weights: Path
    score: float
    logs: dict[str, Path]


@step
def train(data):
    enter("train", data)
    folder = _folder()
    (folder / "w.bin").write_bytes(data.read_bytes() * 2)
    (folder / "log").write_text("trained")
    return Model(folder / "w.bin", 0.5, {"main": folder / "log"})


@step
def use(model):
    enter("use", model)
    return model.weights.read_bytes(), model.logs["main"].read_text(), model.score


@step
def relative(paths):
    enter("relative", paths)
    first = paths[0]
    return [path.relative_to(first.parent.parent).as_posix() for path in paths], [path.read_text() for path in paths]


@step
def both(n):
    """A directory, a file in it, and the directory once more."""
    enter("both", n)
    folder = _folder() / "out"
    folder.mkdir()
    (folder / "model").write_text(str(n))
    return folder / "model", folder, folder


@step
def inside(parts):
    enter("inside", parts)
    model, folder, again = parts
    return model.relative_to(folder).as_posix(), folder == again, (folder / "model").read_text()


class BadFile(ValueError):
    """An exception that says which file it is about."""

    def __init__(self, path: Path) -> None:
        super().__init__("bad file")
        self.path = path


@step
def fail_with(path):
    enter("fail_with", path)
    raise BadFile(path)


@step
def missing(n):
    enter("missing", n)
    return Path("never/made") / str(n)


@step
def linked(n):
    """A directory with links that lead out of it."""
    enter("linked", n)
    folder = _folder()
    (folder / "outside").mkdir()
    (folder / "outside" / "x").write_text(str(n))
    (folder / "tree").mkdir()
    (folder / "tree" / "all").symlink_to(folder / "outside")
    (folder / "tree" / "one").symlink_to(folder / "outside" / "x")
    (folder / "tree" / "own").write_text("own")
    (folder / "tree" / "absolute").symlink_to(folder / "tree" / "own")
    return folder / "tree"


@step
def contents_of(path):
    enter("contents_of", path)
    return [(path / name).read_text() for name in ("all/x", "one", "own", "absolute")]


@step
def copy_of(path, n):
    """A step that gives back what it was given, and something new beside it."""
    enter("copy_of", path, n)
    new = _folder() / f"{n}.txt"
    new.write_text(f"{path.read_text()}+{n}")
    return [path, new]


@workflow
def file_to_step(n):
    path = write(n)
    return read(path), path


@workflow
def tree_to_step(n):
    path = tree(n)
    return listing(path), path


@workflow
def names_in_glue(s):
    path = write(s, "archive.tar.gz")
    return path.name, path.stem, path.suffix, path.suffixes, read(path)


@workflow
def name_decides(n):
    path = write(n, "a.csv" if n % 2 else "b.txt")
    if path.suffix == ".csv":
        return read(path)
    return size(path)


@workflow
def child_of_directory(n):
    path = tree(n + 1)
    tool = path / "tool.sh"
    return read(path / "first"), size(path.joinpath("data", "up")), tool.name, tool, read(path / "link")


@workflow
def child_that_is_not_there(n):
    path = tree(n)
    try:
        return read(path / "data" / "not there")
    except FileNotFoundError:
        return "not there"


@workflow
def fan_out_of_paths(n):
    return [read(path) for path in several(n)]


@workflow
def fan_out_of_writers(xs):
    paths = [write(x, f"{i}.txt") for i, x in enumerate(xs)]
    return relative_names(paths), paths


@step
def relative_names(paths):
    enter("relative_names", paths)
    return [(path.name, path.read_text()) for path in paths]


@workflow
def sorted_paths(n):
    paths = several(n)
    last = max(paths) if paths else None
    return [path.name for path in sorted(paths, reverse=True)], size(last)


@workflow
def layout_is_kept(n):
    paths = several(n + 2)
    return relative(paths), len(paths)


@workflow
def file_and_its_directory(n):
    return inside(both(n))


@workflow
def in_a_dataclass(n):
    model = train(write(n))
    return use(model), model.weights.name, model


@workflow
def optional_path(flag):
    path = write(3) if flag else None
    return size(path), size(), size(None)


@workflow
def dict_and_set_of_paths(n):
    paths = {path.name: path for path in several(n)}
    return [read(paths[name]) for name in sorted(paths)], set(paths.values())


@workflow
def exception_with_a_path(n):
    try:
        return fail_with(write(n))
    except BadFile as error:
        return read(error.path), error.args[0]


@workflow
def exception_with_a_path_leaves(n):
    return fail_with(write(n))


@workflow
def path_that_does_not_exist(n):
    path = missing(n)
    try:
        return read(path)
    except FileNotFoundError:
        return path.name, path


@workflow
def path_made_in_glue(n):
    path = Path("not/made") / f"{n}.txt"
    return path.parent.name, str(path), path.with_suffix(".csv"), path


@workflow
def links_that_lead_out(n):
    path = linked(n)
    return contents_of(path), path


@workflow
def _reader(n):
    return read(n), n.name


@workflow
def path_to_sub_workflow(n):
    path = write(n)
    return _reader(path), _reader(tree(1) / "first")


@workflow
def carried_path(k):
    path = write("0")
    for i in range(k):
        path = copy_of(path, i)[1]
    return read(path), path


@workflow
def carried_paths(k):
    paths = [write("0")]
    for i in range(k):
        paths = copy_of(paths[-1], i)
    return [path.name for path in paths], read(paths[-1])


@workflow
def while_over_paths(n):
    path, count = write(n), 0
    while size(path) < 4:
        path = write("x" * (count + 2))
        count = f(count)
    return count, path


@workflow
def same_value_twice(n):
    path = write(n)
    pair = [path, path]
    return pair[0] == pair[1], path in pair, [path, None].index(path), read(pair[1])


@workflow
def written_in_one_arm(n):
    if g(n) > 2:
        path = write("large")
    else:
        path = write("small", "s.txt")
    return read(path), path.stem
