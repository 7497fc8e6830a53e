"""Servers' addresses: URLs and DSNs with holes, taken apart."""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

from conn_lint.analyze.found import HOLE, Found
from conn_lint.model.pool import Server

_URL = re.compile(r"(?P<scheme>[\w+.\-\0]+)://(?P<rest>.*)", re.DOTALL)
_PAIR = re.compile(r"(?P<key>\w+)\s*=\s*(?:'(?P<quoted>(?:\\.|[^'\\])*)'|(?P<plain>[^\s']*))")
_PORT = re.compile(r"\d{1,5}")
_MOST_PORT = 65535


def server_of(found: Found) -> Server:
    """The address that the text gives."""
    base = Server(
        None, None, None, None, (), found.source, variable=found.variable, location=found.location
    )
    text = found.text
    if text is None:
        return msgspec.structs.replace(base, source="unknown")
    match = _URL.match(text)
    if match is not None:
        return _from_url(match["scheme"], match["rest"], base)
    pairs = {m["key"]: m["quoted"] or m["plain"] or "" for m in _PAIR.finditer(text)}
    if pairs and not text.startswith(HOLE):
        return msgspec.structs.replace(
            base,
            scheme="",
            host=_known(pairs.get("host", "")),
            written=written(pairs.get("host", "")),
            port=_port(pairs.get("port", "")),
            database=_known(pairs.get("dbname", "")),
            parameters=tuple(pairs.items()),
        )
    return msgspec.structs.replace(base, parameters=_parameters(text.partition("?")[2]))


def _from_url(scheme: str, rest: str, base: Server) -> Server:
    address, _, query = rest.partition("?")
    hosts, _, path = address.rpartition("@")[2].partition("/")
    host, port = _split(hosts.partition(",")[0])
    return msgspec.structs.replace(
        base,
        scheme=_known(scheme),
        host=_known(host) if "," not in hosts else None,
        written=written(host),
        port=_port(port),
        database=_known(unquote(path)),
        parameters=_parameters(query.partition("#")[0]),
    )


def _split(host: str) -> tuple[str, str]:
    """The host and the port; an address in brackets has colons of its own."""
    if host.startswith("["):
        inner, _, port = host[1:].partition("]")
        return inner, port.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port


def written(host: str) -> str:
    """The host as far as it is known, "" where nothing of it is."""
    return host.replace(HOLE, "...") if host.strip(HOLE) else ""


def _known(text: str) -> str | None:
    return None if HOLE in text else text


def _port(text: str) -> int | None:
    """0 where none is given, None where it cannot be told."""
    if not text:
        return 0
    return int(text) if _PORT.fullmatch(text) and int(text) <= _MOST_PORT else None


def _parameters(query: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return tuple((key, unquote(value)) for key, _, value in pairs if HOLE not in key)
