"""What commits, promotions and branches do, in a hundred lines of dictionaries (E-VERSION-3, -4, -8, -9)."""

from dataclasses import dataclass, field
from itertools import count

ENVIRONMENTS = ("development", "staging", "production")
MAIN = ENVIRONMENTS[0]


@dataclass(frozen=True)
class Logged:
    """One commit: of which name, to which version, and where it came from."""

    number: int
    name: str
    version: int
    source: tuple[str, int] | None = None


@dataclass
class Place:
    """An environment or a branch; versions are numbers that never repeat."""

    drafts: dict[str, str] = field(default_factory=dict)
    current: dict[str, int] = field(default_factory=dict)
    log: list[Logged] = field(default_factory=list)
    bases: dict[str, int] = field(default_factory=dict)
    synced: dict[str, int] = field(default_factory=dict)

    def newest(self) -> dict[str, Logged]:
        """Of each name that is there the last commit, in the order of the log."""
        last = {one.name: one for one in self.log}
        return {one.name: one for one in self.log if one is last[one.name]}

    def has_taken(self, source: str, commit: Logged) -> bool:
        """Whether this commit, or a later one of its name, arrived."""
        return any(
            one.name == commit.name
            and one.source is not None
            and one.source[0] == source
            and one.source[1] >= commit.number
            for one in self.log
        )


class Reference:
    """The account. Each act answers whether it is allowed, and does nothing when it is not."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.places = {slug: Place() for slug in ENVIRONMENTS}
        self._numbers = count(1)

    def shown(self, slug: str) -> dict[str, str]:
        """What a reader sees: drafts before what is committed."""
        return self.committed(slug) | self.places[slug].drafts

    def committed(self, slug: str) -> dict[str, str]:
        return {name: self.texts[version] for name, version in self.places[slug].current.items()}

    def save(self, slug: str, name: str, text: str) -> bool:
        place = self.places[slug]
        if self.committed(slug).get(name) == text:
            place.drafts.pop(name, None)
        else:
            place.drafts[name] = text
        return True

    def discard(self, slug: str, name: str) -> bool:
        is_there = name in self.shown(slug)
        self.places[slug].drafts.pop(name, None)
        return is_there

    def commit(self, slug: str) -> bool:
        place = self.places[slug]
        for name, text in sorted(place.drafts.items()):
            if self.committed(slug).get(name) != text:
                self._log(place, name, text)
        place.drafts.clear()
        return True

    def promote(self, target: str) -> bool:
        source = ENVIRONMENTS[ENVIRONMENTS.index(target) - 1]
        self._take(source, target)
        return True

    def branch(self, slug: str) -> bool:
        if slug in self.places:
            return False
        self.places[slug] = Place()
        return self.rebase(slug)

    def delete(self, slug: str) -> bool:
        return self.places.pop(slug, None) is not None

    def rebase(self, slug: str) -> bool:
        if slug not in self.places:
            return False
        branch, main = self.places[slug], self.places[MAIN]
        moved = [
            name
            for name, version in main.current.items()
            if branch.bases.get(name) != version and branch.current.get(name) == branch.synced.get(name)
        ]
        if any(name in branch.drafts for name in moved):
            return False
        for name in moved:
            copy = self._version(self.texts[main.current[name]])
            branch.current[name] = branch.synced[name] = copy
        branch.bases |= main.current
        return True

    def merge(self, slug: str) -> bool:
        if slug not in self.places:
            return False
        branch, main = self.places[slug], self.places[MAIN]
        waiting = [one for one in branch.newest().values() if not main.has_taken(self._id(slug), one)]
        if any(
            one.name in main.current and main.current[one.name] != branch.bases.get(one.name)
            for one in waiting
        ):
            return False
        self._take(slug, MAIN)
        for one in waiting:
            branch.bases[one.name] = main.current[one.name]
            branch.synced[one.name] = branch.current[one.name]
        return True

    def archive(self, name: str) -> bool:
        is_there = name in self.shown(MAIN)
        if is_there:
            for place in self.places.values():
                for held in (place.drafts, place.current, place.bases, place.synced):
                    held.pop(name, None)
                place.log = [one for one in place.log if one.name != name]
        return is_there

    def _take(self, source: str, target: str) -> None:
        for one in self.places[source].newest().values():
            place = self.places[target]
            if not place.has_taken(self._id(source), one):
                self._log(place, one.name, self.texts[one.version], (self._id(source), one.number))

    def _id(self, slug: str) -> str:
        """A branch that is made again under its name is another one."""
        return f"{slug} {id(self.places[slug])}"

    def _log(self, place: Place, name: str, text: str, source: tuple[str, int] | None = None) -> None:
        version = self._version(text)
        place.current[name] = version
        place.log.append(Logged(next(self._numbers), name, version, source))

    def _version(self, text: str) -> int:
        version = next(self._numbers)
        self.texts[version] = text
        return version
