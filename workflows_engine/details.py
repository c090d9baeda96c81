"""What a person reads on a run's page in the Temporal UI, as markdown."""

from datetime import datetime

from temporalio import workflow

_MARKS = {"done": "✅", "skipped": "⏭️", "failed": "❌", "stopped": "⏹️", "pending": "⏳"}


class Details:
    """One line a step: done, skipped (why), or pending (until when)."""

    def __init__(self, heading: str) -> None:
        self.heading = heading
        self._lines: dict[str, str] = {}

    def tell(self, ref: str, state: str, text: str | None = None) -> None:
        said = f": {text}" if text else ""
        self._lines[ref] = f"- {_MARKS[state]} **{ref}** {state}{said}"
        workflow.set_current_details(self.markdown)

    def forget(self, ref: str) -> None:
        """Drop a line that another one has made untrue; it is shown with the next change."""
        self._lines.pop(ref, None)

    def pending(self, ref: str, what: str, until: datetime) -> None:
        self.tell(ref, "pending", f"{what}, until {until:%Y-%m-%d %H:%M:%S} UTC")

    @property
    def markdown(self) -> str:
        return "\n".join([f"### {self.heading}", *self._lines.values()])
