"""The fixtures of others that the tests of audit use."""

from tests.e2e.conftest import browser as browser
from tests.registry.conftest import store as store
