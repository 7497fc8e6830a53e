"""Hides passwords and tokens. Everything that leaves the program, the cache included, has passed
through here.
"""

from __future__ import annotations

import re

STARS = "***"

_WORD = (
    r"(?:password|passwd|passphrase|passwort|pwd|(?<![a-z])pass|secret|token|api[_-]?key|access[_-]?key"
    r"|secret[_-]?key|private[_-]?key|account[_-]?key|auth[_-]?key|credentials?)\d*"
)
_SECRET_NAME = re.compile(rf"{_WORD}\Z", re.IGNORECASE)

# What stands before a secret begins where a word begins, so that long words are looked at once.
_SCHEME = r"(?<![\w+.-])[\w+.-]+://"
_URL_PASSWORD = re.compile(rf"(?P<keep>{_SCHEME}[^\s:/@'\"<>]*:)(?P<secret>[^\s'\"]+)(?=@)")
# A URL put together of several literals: `"postgresql://u:a" "b@host"`.
_URL_PIECES = re.compile(
    rf"(?P<keep>{_SCHEME}[^\s:/@'\"<>]*:)(?P<secret>[^\s'\"@]*(?:['\"]\s*[rbfuRBFU]{{0,2}}['\"][^\s'\"@]*)+)(?=@)"
)
_URL_TOKEN = re.compile(rf"(?P<keep>{_SCHEME})(?P<secret>[^\s:/@'\"<>{{}}]{{20,}})(?=@)")
_ANNOTATED = r":\s*[\w.\[\] |]{1,60}="  # password: str = "..."
_QUOTED = re.compile(
    rf"(?P<keep>{_WORD}[\"']?\]?\s*(?:{_ANNOTATED}|=|:|,)\s*[rRbBuUfF]{{0,2}})"
    r"(?P<quote>\"\"\"|\x27\x27\x27|\\?[\"'])(?P<secret>(?:\\.|(?!(?P=quote)).)+)",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?P<keep>{_WORD}\s*(?:=(?!=)\s*|(?<=\w):\s+(?=\S+\s*$)))"
    r"(?P<secret>[^\s'\",;&()\[\]{}]+)(?P<next>[(\[{]?)",
    re.IGNORECASE | re.MULTILINE,
)
_BEARER = re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)(?P<secret>[\w.~+/=-]{8,})", re.IGNORECASE)
_KNOWN_TOKEN = re.compile(
    r"(?P<keep>)(?P<secret>\b(?:sk-[\w-]{16,}|gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+))"
)
_PLACEHOLDER = re.compile(
    r"(?:\{[^{}]*\}|%\(\w+\)s|%s|\$\{?\w+\}?|<[\w ]+>|:\w+|\*+|\.\.\.|None|True|False)\Z"
)
_TYPES = frozenset(
    ("str", "bytes", "int", "float", "bool", "object", "secretstr", "secretbytes", "any")
)
_HINTS = (
    *b"token :// pass secret pwd credential bearer sk- xox glpat aki asia aiza eyj".split(),
    b"basic ",
)
_KEYS = (b"api", b"access", b"private", b"account", b"auth")  # "secret" is looked for anyway
_SHORT_HINT = re.compile(rb"gh._")


def mask(text: str, *, keep_length: bool = False) -> str:
    """The text without its secrets. With `keep_length` columns stay where they were (for source
    excerpts).
    """
    if not may_hold_secret(text.encode("utf-8", "surrogatepass")):
        return text

    def hide(match: re.Match[str]) -> str:
        secret = match["secret"]
        if _PLACEHOLDER.match(secret) or _is_code(match):
            return match[0]
        start = match.start("secret") - match.start()
        stars = "*" * len(secret) if keep_length else STARS
        return match[0][:start] + stars + match[0][start + len(secret) :]

    for pattern in (_URL_PASSWORD, _URL_PIECES, _URL_TOKEN, _QUOTED, _BARE, _BEARER, _KNOWN_TOKEN):
        text = pattern.sub(hide, text)
    return text


def is_secret_name(name: str) -> bool:
    """Whether what is called so (a variable, a keyword, a key of a table) holds a password or
    token.
    """
    return _SECRET_NAME.search(name) is not None


def may_hold_secret(data: bytes) -> bool:
    """A quick look: False means that `mask` would change nothing."""
    data = (
        data.lower()
    )  # to look for each word takes a tenth of the time of a regex for all of them
    return (
        any(hint in data for hint in _HINTS)
        or _SHORT_HINT.search(data) is not None
        or _has_secret_key(data)
    )


def _has_secret_key(data: bytes) -> bool:
    """One of the words that end in "key"; the word alone is everywhere."""
    at = data.find(b"key")
    while at >= 0:
        if data[max(0, at - 8) : at].rstrip(b"_-").endswith(_KEYS):
            return True
        at = data.find(b"key", at + 3)
    return False


def _is_code(match: re.Match[str]) -> bool:
    """Whether what follows `password=` is an expression that names the secret, not the secret
    itself.
    """
    if match.re is not _BARE:
        return False
    secret, key = match["secret"], match["keep"].rstrip(" =:\t")
    return bool(match["next"]) or secret.lower() in _TYPES or secret.lower() == key.lower()
