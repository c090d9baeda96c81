"""Every mutation: the visible list."""

from tests.proof.mutations.everywhere import everywhere
from tests.proof.projects import EXAMPLES

MUTATIONS = [
    *everywhere(EXAMPLES / "stranger"),
]
