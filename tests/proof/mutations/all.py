"""Every mutation: the visible list."""

from tests.proof.mutations.configuration import CONFIGURATION
from tests.proof.mutations.everywhere import everywhere
from tests.proof.mutations.files import FILES
from tests.proof.mutations.limits import LIMITS
from tests.proof.mutations.references import REFERENCES
from tests.proof.projects import EXAMPLES

MUTATIONS = [*REFERENCES, *FILES, *LIMITS, *CONFIGURATION, *everywhere(EXAMPLES / "stranger")]
