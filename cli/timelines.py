"""A simulation's timeline for people: the moment, who, and what happened, a line each."""

from collections.abc import Iterator

from simulation.simulate import Played, Simulation


def as_text(simulation: Simulation, played: Played) -> str:
    return "\n".join(f"{e.at} {e.recipient} {e.workflow} {e.step_ref} {e.event} {e.outcome} {e.reason} {e.data}" for e in played.entries)
