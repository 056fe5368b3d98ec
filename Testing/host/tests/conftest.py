"""The host is started once for all tests of it."""

from host.fixtures import clean_host, slicer_host  # noqa: F401
