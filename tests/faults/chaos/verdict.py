"""Compares what callers heard with what Tocsin shows, and says how sure a zero is."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.faults.chaos.ledger import Heard
from tests.faults.chaos.mix import CANCELLED_SECONDS, MAILED
from tests.faults.chaos.shown import OPEN, Item, Shown


@dataclass
class Count:
    """How many of `of` are wrong, and which."""

    what: str
    of: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """With none of N wrong, the true share is below 3/N at 95 % (the rule of three)."""
        if self.wrong:
            return f"{self.what:>34}: {len(self.wrong)} of {self.of}\n" + "\n".join(
                f"    {one}" for one in self.wrong[:10]
            )
        if self.of <= 3:
            return f"{self.what:>34}: 0 of {self.of}"
        return f"{self.what:>34}: 0 of {self.of}, below 3/{self.of} = {300 / self.of:.3f} % at 95 %"


@dataclass(frozen=True)
class Verdict:
    """`counts` must all be without a wrong one; `notes` are figures that break no promise."""

    counts: list[Count]
    notes: list[str]

    @property
    def is_clean(self) -> bool:
        return not any(one.wrong for one in self.counts)

    @property
    def told(self) -> str:
        return "\n".join([*(one.told for one in self.counts), *self.notes])


def judge(heard: dict[int, Heard], shown: Shown, mails: list[int]) -> Verdict:
    """`mails` are the numbers of the mails that the sink took."""
    seen: Counter[tuple[int, str]] = Counter((n, item.person) for item in shown.items for n in item.numbers)
    accepted = [one for one in heard.values() if one.run_id is not None]
    counts = [
        _answers_without_runs(accepted, shown),
        _lost(accepted, seen),
        _stuck(shown),
        _doubled(heard, seen),
        _wrong_totals(shown.items),
        _lost_mails(accepted, mails),
        _shown_though_cancelled(accepted, seen),
    ]
    return Verdict(counts, _notes(heard, accepted, shown, mails))


def is_stopped(one: Heard) -> bool:
    """Whether a cancel was answered before the run's pause can have ended: it began after it was asked."""
    return one.stopped_at is not None and one.stopped_at < one.asked_at + CANCELLED_SECONDS


def _answers_without_runs(accepted: list[Heard], shown: Shown) -> Count:
    count = Count("2xx without all of its runs", len(accepted))
    runs = Counter(run.trigger_id for run in shown.runs)
    for one in accepted:
        if runs[str(one.run_id)] != one.runs:
            count.wrong.append(f"{one.kind} {one.n} {one.run_id}: {runs[str(one.run_id)]} of {one.runs}")
    return count


def _lost(accepted: list[Heard], seen: Counter[tuple[int, str]]) -> Count:
    count = Count("lost (accepted, in no feed)")
    for one in accepted:
        if one.stopped_at is not None:
            continue
        count.of += len(one.people)
        count.wrong += [
            f"{one.kind} {one.n} {one.run_id}: {who}" for who in one.people if not seen[one.n, who]
        ]
    return count


def _stuck(shown: Shown) -> Count:
    count = Count("stuck runs and messages", len(shown.runs) + len(shown.messages))
    count.wrong += [f"{run.kind} {run.id} is {run.status}" for run in shown.runs if run.status in OPEN]
    count.wrong += [
        f"message {key} is {status}" for key, status in shown.messages.items() if status == "queued"
    ]
    return count


def _doubled(heard: dict[int, Heard], seen: Counter[tuple[int, str]]) -> Count:
    """A number that nobody asked for, or for somebody else, is one too many as well."""
    count = Count("doubled feed items", len(seen))
    for (n, person), times in seen.items():
        if times > 1:
            count.wrong.append(f"{n} is {times} times in the feed of {person}")
        if n not in heard or person not in heard[n].people:
            count.wrong.append(f"{n} is in the feed of {person}, who was not asked for")
    return count


def _wrong_totals(items: list[Item]) -> Count:
    batches = [item for item in items if item.kind == "batched"]
    wrong = [
        f"{item.id} of {item.person} says {item.total} and shows {item.numbers}"
        for item in batches
        if item.total != len(item.numbers)
    ]
    return Count("batches with a wrong total", len(batches), wrong)


def _lost_mails(accepted: list[Heard], mails: list[int]) -> Count:
    taken = set(mails)
    mailed = [one for one in accepted if one.kind in MAILED]
    return Count("lost mails", len(mailed), [f"{one.n} {one.run_id}" for one in mailed if one.n not in taken])


def _shown_though_cancelled(accepted: list[Heard], seen: Counter[tuple[int, str]]) -> Count:
    stopped = [one for one in accepted if is_stopped(one)]
    shown = [f"{one.n} {one.run_id}" for one in stopped if any(seen[one.n, who] for who in one.people)]
    return Count("shown though cancelled in time", len(stopped), shown)


def _notes(heard: dict[int, Heard], accepted: list[Heard], shown: Shown, mails: list[int]) -> list[str]:
    others: Counter[str] = Counter()
    waits: dict[str, int] = defaultdict(int)
    for one in heard.values():
        for answer in one.other_answers:
            name = str(answer["status"] or answer["text"])
            others[name] += 1
            waits[name] += answer["retry_after"] is not None
    refused = ", ".join(
        f"{name}: {times} ({waits[name]} with Retry-After)" for name, times in sorted(others.items())
    )
    known = {one.run_id for one in accepted}
    unheard = {run.trigger_id for run in shown.runs} - known
    late = sum(one.stopped_at is not None and not is_stopped(one) for one in accepted)
    return [
        f"triggers asked {len(heard)}, answered 2xx {len(accepted)}; runs {len(shown.runs)}, "
        f"messages {len(shown.messages)}, feed items {len(shown.items)}",
        f"accepted without an answer heard: {len(unheard)}; cancels too late to say: {late}",
        f"mails {len(mails)}, of them sent again: {len(mails) - len(set(mails))} (mail is at least once)",
        f"other answers: {refused or 'none'}",
    ]
