"""Passwords that stand right behind a short option of a command line: ``mysql -uroot -pSECRET``.

For most programs ``-p8080`` is a port and ``-prefix`` a word. Therefore only the options of programs count that are
known to take a password there, as their manual pages say.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_ALONE, _OR_NEXT = "", r"|(?:{0})[\s\"',]{{1,4}}(?!-)"
_PROGRAMS = (
    # names of programs, the option that a password follows, and whether it may also be the next word
    (r"mysql(?:dump|admin|import|check|show|slap|pump|binlog|sh|_upgrade)?", "-p", _ALONE),
    (r"mariadb(?:-(?:dump|admin|import|check|show|slap|binlog|upgrade|backup))?", "-p", _ALONE),
    (r"7z[arz]?|rar|unrar", "-p|-hp", _ALONE),
    (r"sshpass|mongo(?:sh|dump|restore|export|import|stat|top|files)?", "-p", _OR_NEXT),
    (r"(?:docker|podman)[\s\"',]{1,4}login", "-p", _OR_NEXT),
    (r"redis-cli", "-a", _OR_NEXT),
    (r"sqlcmd|bcp|zip|unzip", "-P", _OR_NEXT),
    (r"ldap(?:search|add|modify|delete|passwd|whoami)", "-w", _OR_NEXT),
)
PARTS = ("mysql", "mariadb", "7z", "rar", "mongo", "docker", "podman", "redis-cli", "sqlcmd", "bcp", "zip", "ldap")
"""Every text, in lower case, with such a password contains one of these, or ``sshpass``."""
_PARTS = (*PARTS, "sshpass")
_LONGEST_COMMAND = 4096


def in_text(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each such password in a text, in order."""
    if not [part for part in _PARTS if part in text]:
        return
    for program, following in pairwise([*_names().finditer(text), None]):
        if program is not None:
            stop = min(program.end() + _LONGEST_COMMAND, following.start() if following is not None else len(text))
            end = _end_of_command().search(text, program.end(), stop)
            option = _options()[(program.lastindex or 1) - 1]
            password = option.search(text, program.end(), end.start() if end else stop)
            if password is not None:  # the first alone: what sshpass starts has options of its own
                yield password.span(password.lastindex or 0)


def in_words(words: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Yield the position of each word of a command line that has such a password, and where in it that begins."""
    texts = [word if isinstance(word, str) and "\n" not in word else "" for word in words]
    # as a text in which no word has a blank, every word has a place of its own
    line = "\t".join(texts)
    if not [part for part in _PARTS if part in line]:
        return
    line = "\t".join(text.translate(_ONE_WORD) for text in texts)
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + 1)
    position = 0
    for start, _ in in_text(line):
        while starts[position + 1] <= start:
            position += 1
        yield position, start - starts[position]


_ONE_WORD = dict.fromkeys(map(ord, " \t\"';|&"), "_")


@functools.cache
def _names() -> re.Pattern[str]:
    names = "|".join(f"({names})" for names, *_ in _PROGRAMS)
    return re.compile(rf"(?<![\w.-])(?:{names})(?:\.exe)?(?=[\s\"',])", re.ASCII)


@functools.cache
def _options() -> list[re.Pattern[str]]:
    value = r"(?:\"([^\"\n]{1,512})|'([^'\n]{1,512})|([^\s\"']{1,512}))"
    return [
        re.compile(rf"(?<=[\s\"'])(?:(?:{option})=?{or_next.format(option)}){value}")
        for _, option, or_next in _PROGRAMS
    ]


@functools.cache
def _end_of_command() -> re.Pattern[str]:
    return re.compile(r"[\n;|]|&&")
