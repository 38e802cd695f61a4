"""Fixtures of other folders, for the tests of audit."""

from tests.e2e.conftest import browser as browser
from tests.registry.conftest import store as store
