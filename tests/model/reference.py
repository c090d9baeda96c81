"""What batches and cancellation mean, in plain Python: no SQL, no Temporal, time in whole minutes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.model.shapes import LATER, SETTLE, WAIT, Shape, Told, Version


@dataclass(eq=False)
class Run:
    """One activity of one recipient, and where its run stands: `at` names the pause it is in.

    `n` counts triggers in the order of their acceptance.
    """

    n: int
    recipient: str
    key: str | None
    topic: str
    version: Version
    at: str = "begun"
    due: int = 0
    outcome: str | None = None
    window: "Window | None" = None
    carrier: str = "alive"
    """`dead`: a person ended its workflow; `lost`: Temporal forgot it. Nobody has noticed yet."""
    is_cancelled: bool = False
    is_called_back: bool = False
    """A cancel that nobody could hear, as it was lost then: it ends as soon as it is started again."""
    marks: set[str] = field(default_factory=set)

    @property
    def name(self) -> tuple[int, str]:
        return self.n, self.recipient

    @property
    def is_open(self) -> bool:
        return self.outcome is None

    def end(self, outcome: str) -> None:
        self.at, self.outcome = "ended", outcome


@dataclass(eq=False)
class Window:
    """Open until `is_closed`; taken once somebody went on with it, or there was nothing to go on with."""

    place: tuple[object, ...]
    opened: int
    closes: int
    owner: Run | None = None
    members: list[Run] = field(default_factory=list)
    is_closed: bool = False
    is_taken: bool = False

    def drop(self, run: Run) -> None:
        if run in self.members and not self.is_closed:
            self.members.remove(run)

    def close(self) -> None:
        self.is_closed = True
        if self.owner is None and not self.members:
            self.is_taken = True


@dataclass(frozen=True)
class Message:
    """What somebody was sent, by whose run."""

    n: int
    recipient: str
    step: str
    body: str


class Reference:
    """The world as the rules have it (E-BATCH, E-CANCEL, D9, D10)."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.now = 0
        self.versions = [Version(1, gathers=True, follows_latest=shape.follows_latest)]
        self.runs: list[Run] = []
        self.windows: list[Window] = []
        self.messages: list[Message] = []
        self._after: dict[str, Callable[[Run], None]] = {
            "waiting": self._arrive,
            "gathering": self._take,
            "settling": self._digest,
            "later": self._remind,
        }

    def live_members(self) -> list[Run]:
        """Activities that a window holds while it is open."""
        return [run for window in self.windows if not window.is_closed for run in window.members]

    def pausing(self) -> list[Run]:
        return [run for run in self.runs if run.is_open and run.carrier == "alive"]

    # --- what people do -----------------------------------------------------------------------------

    def commit(self, version: Version) -> None:
        self.versions.append(version)

    def trigger(self, told: Told) -> None:
        for recipient in told.recipients:
            run = Run(told.n, recipient, told.key, told.topic, self.versions[-1])
            self.runs.append(run)
            if self.shape.says_hello:
                self._send(run, "hello", f"hello {run.n}")
            if told.waits:
                run.at, run.due = "waiting", self.now + WAIT
            else:
                self._arrive(run)
            self._settle()

    def cancel(self, key: str, recipients: Iterable[str] | None) -> None:
        """It reaches triggers that came before it, and counts from now on, whoever hears of it when."""
        named = None if recipients is None else set(recipients)
        reached = [run for run in self.runs if run.key == key and (named is None or run.recipient in named)]
        for run in reached:
            run.is_cancelled = True
            if run.window is not None:
                run.window.drop(run)
        for run in reached:
            if not run.is_open or run.carrier != "alive":
                run.is_called_back = run.carrier == "lost" and run.at != "gathering"
                continue
            if run.at != "gathering":
                run.end("cancelled")
                continue
            assert run.window is not None
            if not run.window.members:
                run.window.owner = None
                run.end("cancelled")

    def remove(self, run: Run) -> None:
        assert run.window is not None
        run.window.drop(run)

    def wish(self, run: Run, until: int) -> None:
        """An operator lets a pause end then; a batch's window closes then."""
        run.due = until
        if run.at == "gathering":
            assert run.window is not None
            run.window.closes = until
        self._settle()

    def mark(self, run: Run, step: str) -> None:
        run.marks.add(step)

    # --- what befalls runs ----------------------------------------------------------------------------

    def strike(self, run: Run, carrier: str) -> None:
        run.carrier = carrier

    def reconcile(self) -> None:
        """Dead runs end and let go of their windows, lost ones go on, orphaned windows find heirs."""
        for run in self.runs:
            if run.is_open and run.carrier == "dead":
                self._release(run)
                run.end("terminated")
            elif run.is_open and run.is_called_back:
                run.end("cancelled")
            run.carrier = "alive"
        for window in self.windows:
            if window.owner is None and not window.is_taken:
                self._name_heir(window)
        self._settle()

    def pass_time(self, minutes: int) -> None:
        end = self.now + minutes
        while (due := min((run.due for run in self.pausing()), default=end)) < end:
            self.now = max(self.now, due)
            self._settle()
        self.now = end
        self._settle()

    # --- what follows -----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Everything that is due by now happens, the earlier first."""
        while due := [run for run in self.pausing() if run.due <= self.now]:
            run = min(due, key=lambda one: one.due)
            {
                "waiting": self._arrive,
                "gathering": self._take,
                "settling": self._digest,
                "later": self._remind,
            }[run.at](run)

    def _arrive(self, run: Run) -> None:
        if not run.version.gathers:
            self._go_on(run)
            return
        window = self._open_window(run)
        if window is None:
            window = Window(self._place(run), self.now, self.now + self.shape.window)
            self.windows.append(window)
            if self.shape.flushes_leading:
                self._go_on(run)
                return
        elif self.shape.extension_limit is not None:
            window.closes = min(self.now + self.shape.window, window.opened + self.shape.extension_limit)
        self._join(run, window)

    def _join(self, run: Run, window: Window) -> None:
        window.members.append(run)
        run.window = window
        limit = self.shape.items
        if (limit is not None and len(window.members) >= limit) or window.closes <= self.now:
            window.close()
            window.closes = self.now
        owner = window.owner
        if owner is not None and owner.carrier == "alive":
            run.end("absorbed")
            owner.due = min(owner.due, window.closes)
            return
        if owner is not None and owner.carrier == "dead":
            window.drop(owner)
        self._hold(run, window)

    def _hold(self, run: Run, window: Window) -> None:
        window.owner = run
        run.at, run.due, run.outcome, run.window = "gathering", window.closes, None, window
        self._settle()

    def _take(self, run: Run) -> None:
        """The timer only asks: the window says whether it is time, and who holds it."""
        window = run.window
        assert window is not None
        if window.owner is not run:
            run.end("absorbed")
            return
        if self.now < window.closes:
            run.due = window.closes
            return
        window.close()
        window.is_taken = True
        if not window.members:
            run.end("cancelled")
            return
        if run.version.follows_latest:
            run.version = [one for one in self.versions if one.gathers and one.follows_latest][-1]
        self._go_on(run)

    def _go_on(self, run: Run) -> None:
        if self.shape.settles:
            run.at, run.due = "settling", self.now + SETTLE
        else:
            self._digest(run)

    def _digest(self, run: Run) -> None:
        members = run.window.members if run.window is not None else [run]
        found = [one.n for one in sorted(members, key=lambda one: one.n)]
        shown = found[-self.shape.renders :] if self.shape.is_newest else found[: self.shape.renders]
        told = " ".join(map(str, shown))
        self._send(run, "digest", f"v{run.version.number} {len(found)}: {told} / {shown[-1]}")
        if self.shape.reminds:
            run.at, run.due = "later", self.now + LATER
        else:
            run.end("finished")

    def _remind(self, run: Run) -> None:
        if not run.marks:
            self._send(run, "reminder", "reminder")
        run.end("finished")

    def _send(self, run: Run, step: str, body: str) -> None:
        self.messages.append(Message(run.n, run.recipient, step, body))

    def _place(self, run: Run) -> tuple[object, ...]:
        version = "latest" if run.version.follows_latest else run.version.number
        return run.recipient, run.topic if self.shape.is_keyed else None, version

    def _open_window(self, run: Run) -> Window | None:
        """One that is due takes nobody in any more: whoever comes then closes it."""
        for window in self.windows:
            if window.place == self._place(run) and not window.is_closed:
                if self.now < window.closes:
                    return window
                window.close()
        return None

    def _release(self, run: Run) -> None:
        for window in self.windows:
            window.drop(run)
            if window.owner is run and not window.is_taken:
                window.owner = None

    def _name_heir(self, window: Window) -> None:
        """The first who was absorbed; a key that was used since makes an heir end instead (D10)."""
        if not window.members:
            if window.closes <= self.now:
                window.close()
            return
        absorbed = [run for run in window.members if run.outcome == "absorbed"]
        if not absorbed:
            window.is_taken = True
            return
        heir = min(absorbed, key=lambda run: run.n)
        if heir.is_cancelled:
            heir.end("cancelled")
            self._name_heir(window)
        else:
            self._hold(heir, window)
