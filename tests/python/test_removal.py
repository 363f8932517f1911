"""Folders that are hard to remove, and temporary ones whose owner was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import PATIENCE_S, ROOT, Island, kill_and_reap, line_of
from mpmt.builds import scratch
from mpmt.builds.removal import remove_tree

DEEP = 5000  # more than a path may have letters for, a process may have files open, and Python recurses


def deep_folder(top: Path) -> None:
    here = os.getcwd()
    top.mkdir()
    try:
        os.chdir(top)
        for _ in range(DEEP):
            os.mkdir("d")
            os.chdir("d")
        Path("file").touch()
    finally:
        os.chdir(here)


def test_a_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    deep_folder(tmp_path / "deep")
    assert remove_tree(tmp_path / "deep")
    assert os.listdir(tmp_path) == []


def test_read_only_and_closed_folders_are_removed(tmp_path: Path) -> None:
    """As an ordinary user, too."""
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").touch()
    for folder, mode in ((tree / "a" / "b", 0o000), (tree / "a", 0o500), (tree, 0o400)):
        folder.chmod(mode)
    user = [] if os.geteuid() else ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    if user:
        for folder in (tmp_path, tree, tree / "a", tree / "a" / "b", tree / "a" / "b" / "file"):
            os.chown(folder, 12345, 12345)
    code = (f"import os, sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); os.chdir(sys.argv[1]); from pathlib import Path; "
            "from mpmt.builds.removal import remove_tree; sys.exit(not remove_tree(Path('tree')))")
    for folder in tmp_path.parents:
        if os.stat(folder).st_mode & 0o005 != 0o005 or not os.access(ROOT, os.X_OK):
            user = []  # it could not even get there
    done = subprocess.run([*user, sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0 and os.listdir(tmp_path) == [], done


@pytest.mark.parametrize("target", ["nowhere", "kept"])
def test_a_link_is_removed_and_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "tree").mkdir()
    for link in (tmp_path / "link", tmp_path / "tree" / "link"):
        link.symlink_to(tmp_path / target)
    assert remove_tree(tmp_path / "link") and remove_tree(tmp_path / "tree")
    assert os.listdir(tmp_path) == ["kept"] and (tmp_path / "kept" / "file").exists()


def test_what_is_mounted_is_not_emptied(tmp_path: Path) -> None:
    place = tmp_path / "tree" / "inner" / "mounted"
    place.mkdir(parents=True)
    with Island([(str(place), "1m")]) as island:
        if island.why_not:
            pytest.skip(f"no mount namespace: {island.why_not}")
        code = (f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); from pathlib import Path; "
                "from mpmt.builds.removal import remove_tree; "
                f"Path({str(place / 'file')!r}).touch(); print(remove_tree(Path({str(tmp_path / 'tree')!r})))")
        done = subprocess.run(island.command(tmp_path, [sys.executable, "-c", code]), capture_output=True, text=True,
                              timeout=PATIENCE_S)
        assert done.stdout == "False\n", done
        assert (island.path(str(tmp_path / "tree"))).exists()
        assert any(path.name == "file" for path in island.path(str(tmp_path / "tree")).rglob("*"))


# ---- temporary folders -------------------------------------------------------------------------------------

OWNER = (f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\nfrom mpmt.builds.scratch import scratch_folder\n"
         "with scratch_folder() as folder:\n    (folder / 'file').touch()\n    print(folder, flush=True)\n"
         "    sys.stdin.read()\n")


def test_what_a_killed_owner_left_is_swept_and_nothing_else(mark: str) -> None:
    owners = [subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
    folders = [Path(line_of(owner.stdout, "a folder").rstrip()) for owner in owners]
    kill_and_reap(owners[0])
    scratch.sweep()
    assert [folder.exists() for folder in folders] == [False, True]
    owners[1].communicate(timeout=PATIENCE_S)
    assert owners[1].returncode == 0 and not folders[1].exists()


def test_links_and_other_peoples_folders_are_not_swept(mark: str, tmp_path: Path) -> None:
    temporary, kept = tmp_path / "tmp", tmp_path / "kept"
    kept.mkdir()
    (temporary / f"{scratch.PREFIX}link").symlink_to(kept)
    (temporary / "other").mkdir()
    if os.geteuid() == 0:
        (temporary / f"{scratch.PREFIX}theirs").mkdir()
        os.chown(temporary / f"{scratch.PREFIX}theirs", 12345, 12345)
    before = sorted(os.listdir(temporary))
    scratch.sweep()
    assert sorted(os.listdir(temporary)) == before and kept.is_dir()
    for path in temporary.iterdir():
        remove_tree(path)
