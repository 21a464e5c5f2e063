"""Whether a name is that of a secret, judged by its whole words: `api_key` is one, `tokenizer` is not."""

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
"""Words that make a name secret wherever they are in it, in any part of a nested name."""
_LAST = frozenset({"auth", "cookie", "cookies"})
_KEYS = frozenset(
    """
    api access private secret auth encryption signing account storage ssh master shared subscription license
    consumer security deploy hmac aes rsa gpg pgp fernet
    """.split()  # noqa: SIM905
)
"""Words after which a `key` is secret; the key of a dict or of a join is not."""
_OWNERS = frozenset(
    """
    db database user login root admin client smtp mail email ftp sftp ssh proxy ldap redis mysql mongo pg postgres app
    bot service api access auth bearer refresh session oauth github gitlab hf slack id
    """.split()  # noqa: SIM905
)
"""Words after which a `pass` is secret, or before which a `token` in the same word is: a low pass filter's is not."""
_ENDINGS = (
    *("password", "passwords", "passwd", "passphrase", "secret", "secrets", "pwd"),
    *(f"{word}key" for word in _KEYS),
    *(f"{word}keys" for word in _KEYS),
)
"""Endings of words, such as `dbpassword`; no other English word ends so."""
_RUN_TOGETHER = re.compile(rf"(?:{'|'.join(sorted(_OWNERS))})(?:pass|pw|token)")
_IN_QUERY = frozenset({"key", "sig", "signature", "hmac", "pass", "pw"})
"""Last words of names that are secret in the query of a URL: presigned URLs, keys of web services."""
_TEXT_TOKENS = frozenset(
    """
    n num number count max min per avg mean cls class pad padding eos bos eot eod eom mask masked unk unknown oov sep
    separator special start end stop begin first last next new blank image audio video prompt split word sub prefix
    suffix middle distill distillation register query vocab target label filler null empty added decoder encoder
    missing sos go text line tag patch input output
    """.split()  # noqa: SIM905
)
"""Words after which a `token` is a piece of text."""
_ABOUT = frozenset(
    """
    env var variable name field column header length len size count type kind policy ttl expiry prompt required url
    uri endpoint path file pattern regex ids per
    """.split()  # noqa: SIM905
)
"""Last words of names that describe a secret without holding it: `secret_name`, `token_url`, `password_file`."""
_PARTS = re.compile(r"__|[.\[\]/:]")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_LONGEST = 200


@functools.lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Judge whether a name is that of a secret.

    Args:
        name: The name, in snake_case, camelCase or kebab-case, dotted, or nested as in ``step__param``.

    Returns:
        True if its value has to be redacted.
    """
    parts = [words for part in _PARTS.split(name[-_LONGEST:]) if (words := _words(part))]
    if not parts or parts[-1][-1] in _ABOUT:
        return False
    return any(map(_is_always, parts)) or _is_last(parts[-1])


def is_secret_in_query(name: str) -> bool:
    """Return whether a name in the query of a URL is that of a secret: there a `key` and a `signature` are."""
    words = _words(name)
    return is_secret(name) or (bool(words) and words[-1] in _IN_QUERY)


def is_secret_option(name: str) -> bool:
    """Return whether an option of a command line has a secret as its value: there a `pass` is one by itself."""
    return is_secret(name) or name.lower() in ("pass", "pw")


def _words(part: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(part)]


def _is_always(words: list[str]) -> bool:
    return any(word in _ALWAYS or word.endswith(_ENDINGS) or _RUN_TOGETHER.fullmatch(word) for word in words)


def _is_last(words: list[str]) -> bool:
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "token":
        return before not in _TEXT_TOKENS
    if last == "tokens":
        return before in _KEYS or before in ("bearer", "refresh")
    if last in ("pass", "pw"):
        return before in _OWNERS
    pairs = pairwise(words)
    return last in _LAST or any(one in _KEYS and other in ("key", "keys") for one, other in pairs)
