"""Content: pushing a hundred workflows, a commit until triggers run it, promoting five hundred commits."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import spread
from benchmarks.instance import Instance, email_step, in_app_step
from benchmarks.machine import noise
from benchmarks.waiting import until
from cli.embedded.ports import free_port
from models.values.development import SERVICE_TOKEN

WORKFLOWS = 100
COMMITS = 500
STEP = {"type": "delay", "ref": "delay_1", "settings": {"delay_for": {"unit": "seconds", "value": 1}}}
MANAGING = {"authorization": f"Bearer {SERVICE_TOKEN}"}
SOON_SECONDS = 0.05
"""How long a trigger waits for its mail before the next is sent; the mail may come later."""


async def measure(instance: Instance, rounds: int) -> dict[str, Any]:
    """Seconds of each; `rounds` commits are followed into a second API process and the worker."""
    before = noise()
    pushes = await asyncio.to_thread(_pushes, instance)
    with second_api(instance) as url:
        async with httpx.AsyncClient(timeout=60) as http:
            await until(lambda: _is_ready(http, url))
            lags = [await _commit_to_mail(instance, http, url, number) for number in range(rounds)]
            promoting = [await _promotion(instance, http, number) for number in range(min(rounds, 3))]
    return {
        "noise": before,
        "push_of_100_workflows_with_3_steps_s": pushes,
        "commit_to_first_trigger_with_it_ms": spread([lag for lag, _ in lags]),
        "commit_to_its_mail_ms": spread([seen for _, seen in lags]),
        "promotion_of_500_commits_s": spread(promoting),
    }


def _pushes(instance: Instance) -> dict[str, float]:
    """By `tocsin push` as a process: all new, nothing changed, all changed."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), "Hello")
        first, again = _push(instance, folder), _push(instance, folder)
        _write(Path(folder), "Goodbye")
        return {"new": first, "unchanged": again, "changed": _push(instance, folder)}


def _write(project: Path, greeting: str) -> None:
    layout = {"name": "Plain", "html_layout": "<div>{{ content }}</div>", "text_layout": "{{ content }}"}
    _json(project / "layouts/plain/layout.json", layout)
    for number in range(WORKFLOWS):
        folder = project / f"workflows/pushed-{number}"
        mail = {"subject": greeting, "html_body@": "email_1/body.html", "settings": {"layout_key": "plain"}}
        steps = [in_app_step(), STEP, {**email_step(), "template": mail}]
        _json(folder / "workflow.json", {"name": f"Pushed {number}", "steps": steps})
        (folder / "email_1").mkdir(exist_ok=True)
        (folder / "email_1/body.html").write_text(f"<p>{greeting} {{{{ recipient.name }}}}</p>\n" * 20)


def _json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2))


def _push(instance: Instance, folder: str) -> float:
    started = time.monotonic()
    words = ["push", folder, "--url", instance.url, "--token", SERVICE_TOKEN]
    subprocess.run([sys.executable, "-m", "cli", *words], check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - started, 2)


@contextmanager
def second_api(instance: Instance) -> Iterator[str]:
    """Another API process on the same database and Temporal, as behind a load balancer."""
    (first,) = instance.processes()["api"]
    port = free_port()
    environment = {**first.environ(), "TOCSIN_API_PORT": str(port)}
    command = [sys.executable, "-m", "api"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=os.getcwd()
    ) as api:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            api.terminate()


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def _commit_to_mail(
    instance: Instance, http: httpx.AsyncClient, second: str, number: int
) -> tuple[float, float]:
    """Change the layout through one API, trigger through the other until a mail has the change.

    Milliseconds from the commit's answer to the first such trigger, and to the sight of its mail.
    """
    mark = f"mark-{number}-{time.monotonic_ns()}"
    step = {
        **email_step(),
        "template": {"subject": mark, "html_body": "b", "settings": {"layout_key": "lag"}},
    }
    if number == 0:
        await _commit(instance, http, "email_layouts/lag", {"email_layout": _layout("first")})
        await _commit(instance, http, "workflows/lag", {"workflow": {"name": "Lag", "steps": [step]}})
        await _trigger(instance, http, second, "lag-warm")
        await until(lambda: _has_mail(instance, http, "lag-warm@example.com", "first"))
    await _commit(instance, http, "email_layouts/lag", {"email_layout": _layout(mark)})
    committed = time.perf_counter()
    sent: dict[str, float] = {}
    while True:
        user = f"lag-{number}-{len(sent)}"
        sent[user] = (time.perf_counter() - committed) * 1000
        await _trigger(instance, http, second, user)
        waited = time.perf_counter()
        while time.perf_counter() - waited < SOON_SECONDS:
            for one, lag in sent.items():
                if await _has_mail(instance, http, f"{one}@example.com", mark):
                    return lag, (time.perf_counter() - committed) * 1000


def _layout(mark: str) -> dict[str, str]:
    return {"name": "L", "html_layout": f"<i>{mark}</i>{{{{ content }}}}", "text_layout": "{{ content }}"}


async def _commit(instance: Instance, http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    params = {"environment": "development", "commit": "true"}
    answer = await http.put(f"{instance.url}/v1/{path}", params=params, headers=MANAGING, json=body)
    answer.raise_for_status()


async def _trigger(instance: Instance, http: httpx.AsyncClient, url: str, user: str) -> None:
    body = {"recipients": [{"id": user, "email": f"{user}@example.com"}]}
    answer = await http.post(f"{url}/v1/workflows/lag/trigger", headers=instance.headers, json=body)
    answer.raise_for_status()


async def _has_mail(instance: Instance, http: httpx.AsyncClient, address: str, mark: str) -> bool:
    newest = (await http.get(f"{instance.mailbox_url}/api/messages", params={"limit": 10})).json()
    return any(address in one["to"] and mark in one["html"] for one in newest)


async def _promotion(instance: Instance, http: httpx.AsyncClient, number: int) -> float:
    """Seconds for all at once; they are new in production the first time, and changed afterwards."""
    resources = [
        {
            "type": "workflow",
            "key": f"promoted-{one}",
            "content": {"name": f"{number}", "steps": [in_app_step(), STEP, email_step()]},
        }
        for one in range(COMMITS)
    ]
    body = {"resources": resources, "commit": True}
    pushed = await http.put(
        f"{instance.url}/v1/tocsin/content",
        params={"environment": "development"},
        headers=MANAGING,
        json=body,
    )
    pushed.raise_for_status()
    started = time.monotonic()
    params = {"to_environment": "production"}
    answer = await http.put(f"{instance.url}/v1/commits/promote", params=params, headers=MANAGING)
    answer.raise_for_status()
    assert len(answer.json()["promoted"]) >= COMMITS
    return round(time.monotonic() - started, 2)
