"""Following an absorbed run to the one that went on."""

from typing import Any

from cli.why.heirs import heir_of, went_on

A, B, C = (f"00000000-0000-0000-0000-00000000000{one}" for one in "abc")


def absorbed(run_id: str, by: str) -> dict[str, Any]:
    data = {"outcome": "absorbed", "reason": f"gathered by run {by}"}
    return {"id": run_id, "status": "completed", "events": [{"event": "run_completed", "data": data}]}


def made(run_id: str) -> dict[str, Any]:
    data = {"channel_type": "email", "message_id": "m1"}
    event = {"event": "message_enqueued", "data": data, "inserted_at": "2035-01-01T09:00:15Z"}
    return {"id": run_id, "status": "completed", "events": [event]}


async def test_the_run_that_sent_is_found_behind_one_that_was_gathered_itself() -> None:
    runs = {one["id"]: one for one in (absorbed(A, B), absorbed(B, C), made(C))}

    async def find(run_id: str) -> dict[str, Any]:
        return runs[run_id]

    heir = await heir_of(runs[A], find)

    assert heir is not None
    assert went_on(heir) == (
        f"What it brought went on in run {C}, which made the email message m1 at Mon 01 Jan 2035 09:00:15 UTC"
    )
    assert await heir_of(runs[C], find) is None


async def test_two_runs_that_name_one_another_are_followed_once() -> None:
    runs = {A: absorbed(A, B), B: absorbed(B, A)}

    async def find(run_id: str) -> dict[str, Any]:
        return runs[run_id]

    heir = await heir_of(runs[A], find)
    assert heir == runs[B]
    assert (
        went_on(runs[B]) == f"What it brought went on in run {B}, which is completed and has made no message"
    )
