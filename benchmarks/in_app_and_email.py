"""A run with an in-app step and a mail: its history events."""

import asyncio
from typing import Any

import httpx
from temporalio.client import Client

from benchmarks.instance import Instance, email_step, in_app_step


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """Events of each of `rounds` runs; one after the other, as on an idle system."""
    instance.publish("in-app-and-email", in_app_step(), email_step())
    client = await Client.connect(instance.temporal_address)
    events = []
    async with httpx.AsyncClient(headers=instance.headers, timeout=30) as http:
        for number in range(rounds):
            recipient = {"id": f"both-{number}", "email": f"both-{number}@example.com"}
            url = f"{instance.url}/v1/workflows/in-app-and-email/trigger"
            (await http.post(url, json={"recipients": [recipient], "data": {"number": 1}})).raise_for_status()
            events.append(await _events(client, f"both-{number}"))
    return {"history_events": {"min": min(events), "max": max(events)}}


async def _events(client: Client, recipient: str) -> int:
    while True:
        query = f"TocsinRecipient = '{recipient}' AND ExecutionStatus = 'Completed'"
        async for found in client.list_workflows(query):
            history = await client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
            return len(history.events)
        await asyncio.sleep(0.05)
