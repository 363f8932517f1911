"""What git knows about commits. The only place in scripts/ that runs git.

Commits are full hexadecimal ids (40 digits, or 64 in a SHA-256 repository) unless a parameter is called `revision`,
which is whatever a user may write: a branch, a tag, HEAD~3, a shortened id. Every function raises Problem when git is
missing, refuses, or takes longer than its deadline.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from mpmt.base.problem import NotComparable, Problem
from mpmt.base.shown import shown
from mpmt.builds.process import Answer, Failed, answer_of

DEADLINE_S = 60.0  # for questions; what writes files says its own
FULL_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

# What git says of its progress, and what does not end it.
_CHATTER = re.compile(r"warning:|hint:|remote: (?:Enumerating|Counting|Compressing|Total)|Cloning into|Submodule|From |"
                      r"Fetching|(?:Receiving|Resolving|Updating|Filtering|Unpacking)\b|Note:|HEAD is now")

# A git that runs us from a hook says in these which repository it means; we mean the one that we name.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_LITERAL_PATHSPECS",
            "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE")


def environment() -> dict[str, str]:
    """This process's environment without what would turn git to another repository: also right for builds."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN}


def command(repo: Path, arguments: Sequence[str]) -> list[str]:
    """The command line of git for `repo`: no pager, no hooks, no monitor programs of the repository's choice.

    The checkout that `repo` lies in is used even if it belongs to another user (in a CI's container, say): it was named, it is
    only read, and what is built of it is run as it is.
    """
    return ["git", "-C", str(repo), "--no-pager", "-c", f"safe.directory={_top_of(repo)}", "-c", "core.fsmonitor=false",
            "-c", f"core.hooksPath={os.devnull}", "-c", "log.showSignature=false", *arguments]


def _top_of(path: Path) -> Path:
    """The folder of which git would ask whose it is."""
    here = Path(os.path.realpath(path))
    return next((folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")), here)


def run_git(repo: Path, *arguments: str, deadline_s: float = DEADLINE_S) -> Answer:
    """git's answer, whatever its exit code."""
    # Replaced objects would show a history that the commit ids do not stand for.
    settings = {**environment(), "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0",
                "GIT_NO_REPLACE_OBJECTS": "1"}
    if os.path.exists(repo) and os.stat(_top_of(repo)).st_uid != os.geteuid():
        settings["GIT_ALLOW_PROTOCOL"] = ""  # its owner's settings are not to say what is run to fetch what is missing
    try:
        return answer_of(command(repo, arguments), deadline_s, env=settings)
    except Failed as failed:
        if shutil.which("git") is None:
            raise Problem("git is not installed, or not on the PATH: install it") from None
        raise Problem(f"git {verb(arguments)}: {failed} in {shown(repo, 300)}") from None
    except ValueError as error:  # a NUL
        raise Problem(f"git {verb(arguments)}: {shown(error, 160)}") from None


def verb(arguments: Sequence[str]) -> str:
    """What git is asked to do: `status`."""
    values = {at + 1 for at, word in enumerate(arguments) if word == "-c"}
    return next((word for at, word in enumerate(arguments) if at not in values and not word.startswith("-")), "")


def ask(repo: Path, *arguments: str, deadline_s: float = DEADLINE_S) -> str:
    """git's standard output. Raises Problem with git's own reason when it fails."""
    done = run_git(repo, *arguments, deadline_s=deadline_s)
    if done.code != 0:
        raise Problem(f"{shown(repo, 300)}: git {verb(arguments)}: {reason(done)}")
    return done.output.decode("utf-8", "surrogateescape")


def reason(done: Answer) -> str:
    """What git complained about first, in one line: what it says after that mostly says that something has failed."""
    lines = [line.strip() for line in done.errors.decode("utf-8", "replace").splitlines() if line.strip()]
    told = next((line for line in lines if not _CHATTER.match(line)), lines[0] if lines else "")
    return shown(re.sub(r"^(fatal|error): ", "", told), 300) or f"failed with exit code {done.code}"


# ---- the repository ----------------------------------------------------------------------------------------


def is_repository(path: Path) -> bool:
    """Whether the folder lies in a repository. Raises Problem when it does, but git refuses to use that."""
    if not Path(path).is_dir():
        return False
    done = run_git(path, "rev-parse", "--git-dir")
    if done.code != 0 and b"not a git repository" not in done.errors:
        raise Problem(f"{shown(path, 300)}: git: {reason(done)}")
    return done.code == 0


def top(path: Path) -> Path:
    """The top folder of the checkout that `path` lies in."""
    if not Path(path).is_dir():
        raise Problem(f"{shown(path, 300)}: no such folder")
    done = run_git(path, "rev-parse", "--show-toplevel")
    if done.code == 0 and done.output.strip():
        return Path(os.fsdecode(done.output.rstrip(b"\n")))
    raise Problem(f"{shown(path, 300)}: not in the checkout of a git repository: {reason(done)}")


def common_folder(repo: Path) -> Path:
    """The folder that holds the repository itself, the same for all its worktrees."""
    return (Path(repo) / ask(repo, "rev-parse", "--git-common-dir").rstrip("\n")).resolve()


def is_shallow(repo: Path) -> bool:
    """Whether older commits are missing here (a clone with --depth)."""
    return ask(repo, "rev-parse", "--is-shallow-repository").strip() == "true"


def is_detached(repo: Path) -> bool:
    """Whether HEAD is a commit and no branch."""
    return run_git(repo, "symbolic-ref", "--quiet", "HEAD").code != 0


def dirty_files(repo: Path) -> list[str]:
    """Tracked files with changes outside results/, relative to the top folder: what makes a build dirty."""
    said = ask(top(repo), "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--", ".",
               ":(exclude)results")
    return [entry[3:] for entry in said.split("\0") if entry]


# ---- commits -----------------------------------------------------------------------------------------------


def resolve(repo: Path, revision: str) -> str:
    """The id of the commit that `revision` names. A revision cannot act as an option."""
    for text in (f"{revision}^{{commit}}", revision):  # :/text reads on to the end of the line
        done = run_git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", text)
        said = done.output.decode("ascii", "replace").strip()
        if done.code == 0 and FULL_ID.fullmatch(said) and (text != revision or _is_commit(repo, said)):
            return said
    if not is_repository(repo):
        raise Problem(f"{shown(repo, 300)}: not in the checkout of a git repository")
    raise Problem(f"{_shown(revision)}: no such commit in {shown(repo, 300)}{_if_shallow(repo)}")


def _is_commit(repo: Path, name: str) -> bool:
    return run_git(repo, "cat-file", "-t", name).output.strip() == b"commit"


def short(commit: str) -> str:
    """The first twelve digits, as in the names of records."""
    return commit[:12]


def subject(repo: Path, commit: str) -> str:
    """The first line of its message, fit to show."""
    return shown(_show(repo, commit, "%s"), 100)


def commit_date(repo: Path, commit: str) -> str:
    """When it was committed: ISO 8601 with offset."""
    return _show(repo, commit, "%cI")


def _show(repo: Path, commit: str, what: str) -> str:
    return ask(repo, "show", "--no-patch", "--encoding=UTF-8", f"--format={what}", "--end-of-options", commit).rstrip()


# ---- lines of commits --------------------------------------------------------------------------------------


def first_parent_chain(repo: Path, tip: str, since: str | None = None) -> list[str]:
    """Commits from the first one (or the one after `since`) to `tip`, oldest first, along first parents.

    `since` and `tip` are revisions. Raises Problem when `since` is not on the chain. In a shallow clone the chain
    begins where the clone does.
    """
    chain = ask(repo, "rev-list", "--first-parent", "--end-of-options", resolve(repo, tip)).split()
    if since is not None:
        start = resolve(repo, since)
        if start not in chain:
            raise Problem(_why_not_on_chain(repo, since, tip))
        chain = chain[: chain.index(start)]
    return chain[::-1]


def between(repo: Path, good: str, bad: str) -> list[str]:
    """The commits in (good, bad] along first parents, oldest first; none if both are the same commit.

    Raises Problem, saying why, when `good` is not on the first-parent chain of `bad`.
    """
    return first_parent_chain(repo, bad, good)


def introduced(repo: Path, base: str, head: str) -> set[str]:
    """All commits of `head` that `base` does not have, whatever way they came in. Both are revisions."""
    said = ask(repo, "rev-list", "--end-of-options", resolve(repo, head), f"^{resolve(repo, base)}")
    return set(said.split())


def expand(repo: Path, texts: Iterable[str]) -> list[str]:
    """The commits that revisions and ranges A..B (without A, oldest first; HEAD where a side is left out) stand for:
    each once, in the order given."""
    found: list[str] = []
    for text in texts:
        first, dots, last = text.partition("..")
        if last.startswith("."):
            raise Problem(f"{_shown(text)}: ranges are written A..B, with two dots")
        if not dots:
            found.append(resolve(repo, text))
            continue
        inside = between(repo, first or "HEAD", last or "HEAD")
        if not inside:
            raise Problem(f"{_shown(text)}: there is no commit in this range")
        found += inside
    return list(dict.fromkeys(found))


def merge_base(repo: Path, a: str, b: str) -> str:
    """The best common ancestor of two revisions. Raises NotComparable when there is none, Problem when there may be a better
    one that a shallow clone lacks."""
    first, second = resolve(repo, a), resolve(repo, b)
    found, shallow = _merge_base(repo, first, second), is_shallow(repo)
    if found is None:
        kind = Problem if shallow else NotComparable
        raise kind(f"{_shown(a)} and {_shown(b)} have no common ancestor{_if_shallow(repo)}")
    if shallow and _is_cut(repo, first, second, f"^{found}"):
        raise Problem(f"{_shown(a)} and {_shown(b)}: a later common ancestor than {short(found)} may be missing"
                      f"{_if_shallow(repo)}")
    return found


def _is_cut(repo: Path, *range_: str) -> bool:
    """Whether the shallow clone lacks parents of commits in the range."""
    cut = set((common_folder(repo) / "shallow").read_text("ascii").split())
    return not cut.isdisjoint(ask(repo, "rev-list", *range_).split())


def _merge_base(repo: Path, a: str, b: str) -> str | None:
    done = run_git(repo, "merge-base", "--end-of-options", a, b)
    if done.code not in (0, 1):
        raise Problem(f"{shown(repo, 300)}: git merge-base: {reason(done)}")
    return done.output.decode("ascii").strip() or None


def _why_not_on_chain(repo: Path, good: str, bad: str) -> str:
    first, last = resolve(repo, good), resolve(repo, bad)
    base = _merge_base(repo, first, last)
    said = f"{_shown(good)} is not on the first-parent line of {_shown(bad)}"
    if base is None:
        return f"{said}: they have no common ancestor{_if_shallow(repo)}"
    if base == last:
        return f"{said}: it comes after it; are the two swapped?"
    if base == first:
        merge = ask(repo, "rev-list", "--first-parent", "--ancestry-path", f"^{first}", last).split()[-1]
        return (f"{said}: it came in with merge {short(merge)}; use the merge's first parent, {short(merge)}^, or stay "
                "on the branch that was merged")
    return f"{said}: the two have diverged; use their merge base, {short(base)}"


def _if_shallow(repo: Path) -> str:
    if not is_shallow(repo):
        return ""
    return " (this is a shallow clone: `git fetch --unshallow` brings the rest; in CI, fetch-depth: 0)"


def _shown(revision: str) -> str:
    return f"'{shown(revision, 100)}'"
