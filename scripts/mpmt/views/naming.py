"""Names that are unique in a chart or view: for links, and for rows that would fall together."""

from __future__ import annotations



class Names:
    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def one(self, wanted: str) -> str:
        """`wanted` itself, or with the number that it is the next of: "x (2)"."""
        count = self._given.get(wanted, 0) + 1
        self._given[wanted] = count
        return wanted if count == 1 else self.one(f"{wanted} ({count})")


def titled(what: str, subject: str | None) -> str:
    """What a panel shows, and of which record where there are several."""
    return f"{what}: {subject}" if what and subject else what or subject or ""
