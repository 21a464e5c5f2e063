"""Whether a name is one that holds a secret, told by its whole words: `api_key`, not `tokenizer`."""

from __future__ import annotations

import functools
import re
from itertools import pairwise

_ALWAYS = frozenset(
    """
    password passwords passwd pwd passphrase passcode secret secrets credential credentials creds apikey apikeys
    accesskey secretkey privatekey authtoken accesstoken authorization bearer jwt
    """.split()  # noqa: SIM905
)
"""Wherever they stand in a name, in any part of a nested one."""
_ENDINGS = ("password", "passwd", "passphrase")
"""No other word of English ends so: `dbpassword`."""
_LAST = frozenset({"auth", "cookie", "cookies"})
_KEYS = frozenset(
    """
    api access private secret auth encryption signing account storage ssh master shared subscription license
    consumer security deploy hmac aes rsa gpg pgp fernet
    """.split()  # noqa: SIM905
)
"""What a `key` is secret after; the key of a dict or of a join is none."""
_TEXT_TOKENS = frozenset(
    """
    n num number count max min per avg mean cls class pad padding eos bos eot eod eom mask masked unk unknown oov sep
    separator special start end stop begin first last next new blank image audio video prompt split word sub prefix
    suffix middle distill distillation register query vocab target label filler null empty added decoder encoder
    missing sos go text line tag patch input output
    """.split()  # noqa: SIM905
)
"""What a `token` is a piece of text after."""
_ABOUT = frozenset(
    """
    env var variable name field column header length len size count type kind policy ttl expiry prompt required url
    uri endpoint path file pattern regex ids per
    """.split()  # noqa: SIM905
)
"""A name that ends so says something of a secret and holds none: `secret_name`, `token_url`, `password_file`."""
_PARTS = re.compile(r"__|[.\[\]/:]")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_LONGEST = 200


@functools.lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a name holds a secret: in snake_case, camelCase, kebab-case, dotted, or nested as ``step__param``."""
    parts = [words for part in _PARTS.split(name[-_LONGEST:]) if (words := _words(part))]
    if not parts or parts[-1][-1] in _ABOUT:
        return False
    return any(map(_is_always, parts)) or _is_last(parts[-1])


def _words(part: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(part)]


def _is_always(words: list[str]) -> bool:
    return any(word in _ALWAYS or word.endswith(_ENDINGS) for word in words)


def _is_last(words: list[str]) -> bool:
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "token":
        return before not in _TEXT_TOKENS
    if last == "tokens":
        return before in _KEYS or before in ("bearer", "refresh")
    pairs = pairwise(words)
    return last in _LAST or any(one in _KEYS and other in ("key", "keys") for one, other in pairs)
