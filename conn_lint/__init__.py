"""conn-lint finds and repairs the connection bugs that take Python services down."""

__version__ = "0.1.0"
