"""Whom a trigger reaches, page after page: those it names, their subscribers, and theirs (E-TRIGGER-18)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from pydantic import BaseModel

from models.database import Database
from models.tables.subscriptions import FIRST, Subscriber, find_next_child, find_subscribers
from models.values.given import GivenRecipient
from models.values.refs import RecipientRef

PAGE = 250
"""Recipients between two heartbeats, and the most that are read at once but for those that are named."""


class Position(BaseModel):
    """How far a fan-out is; it fits a heartbeat, and whoever takes over begins there.

    Level 0 are the recipients that were named, level 1 the subscribers of the objects among them, level 2 the
    subscribers of objects of level 1. `number` counts recipients on level 0, else the named objects. `after`
    is the last subscriber that was reached; on level 2, `child` is the object whose subscriber it is.
    """

    level: int = 0
    number: int = 0
    child: RecipientRef | None = None
    after: RecipientRef = FIRST


@dataclass(frozen=True)
class Reached:
    """A recipient, and the subscription that led there: its object and its properties."""

    given: GivenRecipient
    subscription: dict[str, Any] | None = None


Page = tuple[list[Reached], Position]
"""Some recipients, and where to go on after them."""


class FanOut:
    """Breadth first, so that the nearest way to a recipient comes first (E-TRIGGER-19).

    A recipient that can be reached in several ways comes up several times; writing its run settles which way
    counts. `trigger` is a row as `find_fan_out` reads it, `named` are its recipients.
    """

    def __init__(self, database: Database, trigger: DictRow, named: list[Any], page_size: int = PAGE) -> None:
        self._database = database
        self._page_size = page_size
        self._environment_id = trigger["environment_id"]
        self._actor = _actor_of(trigger)
        self._expands = trigger["expands"]
        self._named = distinct(named)
        self._objects = [given.ref for given in self._named if not given.ref.is_user]

    async def pages(self, start: Position) -> AsyncIterator[Page]:
        """From `start` on; nobody holds more than one page of subscribers."""
        levels = (self._of_named, self._of_objects, self._of_children)
        for level, pages in enumerate(levels if self._expands else levels[:1]):
            if level >= start.level:
                async for page in pages(start if level == start.level else Position(level=level)):
                    yield page

    async def _of_named(self, start: Position) -> AsyncIterator[Page]:
        for number in range(start.number, len(self._named), self._page_size):
            page = self._named[number : number + self._page_size]
            yield [Reached(given) for given in page], Position(number=number + len(page))
        self._named.clear()  # what was given inline may be large, and is written by now

    async def _of_objects(self, start: Position) -> AsyncIterator[Page]:
        after = start.after
        for number in range(start.number, len(self._objects)):
            async for reached, last in self._subscribers(self._objects[number], after):
                yield reached, Position(level=1, number=number, after=last)
            after = FIRST

    async def _of_children(self, start: Position) -> AsyncIterator[Page]:
        child, after = start.child, start.after
        for number in range(start.number, len(self._objects)):
            child = child or await self._next_child(number, FIRST)
            while child is not None:
                async for reached, last in self._subscribers(child, after):
                    yield reached, Position(level=2, number=number, child=child, after=last)
                child, after = await self._next_child(number, child), FIRST

    async def _next_child(self, number: int, after: RecipientRef) -> RecipientRef | None:
        """The next object that subscribes to this named one; one that is named itself came up before."""
        parent, earlier, named = self._objects[number], self._objects[:number], frozenset(self._objects)
        while True:
            async with self._database.connection() as connection:
                child = await find_next_child(connection, self._environment_id, parent, after, earlier)
            if child is None or child not in named:
                return child
            after = child

    async def _subscribers(
        self, to: RecipientRef, after: RecipientRef
    ) -> AsyncIterator[tuple[list[Reached], RecipientRef]]:
        """Pages of one object's subscribers, each with the last one; the actor is left out (E-TRIGGER-20)."""
        while True:
            async with self._database.connection() as connection:
                found = await find_subscribers(connection, self._environment_id, to, after, self._page_size)
            if found:
                after = found[-1].ref
                yield [_reached(one, to) for one in found if one.ref != self._actor], after
            if len(found) < self._page_size:
                return


def distinct(stored: list[Any]) -> list[GivenRecipient]:
    """Each recipient once, whatever way and how often it was named (E-TRIGGER-19)."""
    unique: dict[str, GivenRecipient] = {}
    for given in _read(stored):
        known = unique.get(given.ref.gid)
        unique[given.ref.gid] = given if known is None else known.joined_by(given)
    return list(unique.values())


def _read(stored: list[Any]) -> Iterator[GivenRecipient]:
    for raw in stored:
        yield GivenRecipient.model_validate(raw)


def _reached(one: Subscriber, to: RecipientRef) -> Reached:
    subscription = {"collection": to.collection, "id": to.id, "properties": one.properties or {}}
    return Reached(GivenRecipient(ref=one.ref), subscription)


def _actor_of(trigger: DictRow) -> RecipientRef | None:
    if trigger["actor_id"] is None:
        return None
    return RecipientRef(collection=trigger["actor_collection"], id=trigger["actor_id"])
