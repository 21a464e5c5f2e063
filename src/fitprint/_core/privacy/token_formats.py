"""Secrets that are recognized by their format: keys of services, private keys, user info in URLs.

Sources. AWS: IAM User Guide, "IAM identifiers", unique identifiers. GitHub: docs.github.com, "GitHub's token formats".
GitLab: docs.gitlab.com, "Token overview". JSON Web Tokens: RFC 7519 over RFC 7515, a JSON object in base64url begins
with eyJ. PEM: RFC 7468 and RFC 4880. URLs: RFC 3986, section 3.2.1. Bearer: RFC 6750, Basic: RFC 7617. The others are
the prefixes that their services document, and that scanners for secrets look for (gitleaks, detect-secrets).

Every repetition is bounded and none begins in the middle of a word, so that the time is linear in the text's length.
"""

from __future__ import annotations

import functools
import re

from fitprint._core.privacy import password_options

_KEYS = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])",  # AWS
    r"gh[pousr]_[A-Za-z0-9_]{30,255}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20,255}",  # GitLab
    r"sk-(?=[\w-]{0,60}\d)[\w-]{20,255}",  # OpenAI, Anthropic, and those that followed
    r"xox[a-z]-[\w-]{10,255}",  # Slack
    r"xapp-\d-[\w-]{10,255}",
    r"AIza[\w-]{35}",  # Google
    r"ya29\.[\w-]{20,512}",
    r"GOCSPX-[\w-]{20,64}",
    r"hf_[A-Za-z0-9]{30,64}",  # Hugging Face
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,255}",  # Stripe
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgE[\w-]{50,512}",
    r"SG\.[\w-]{16,64}\.[\w-]{16,64}",  # SendGrid
    r"dapi[0-9a-f]{32}(?:-\d)?",  # Databricks
    r"do[opr]_v1_[0-9a-f]{64}",  # DigitalOcean
    r"eyJ[\w-]{8,2048}\.eyJ[\w-]{1,8192}\.[\w-]{0,2048}",  # a JSON Web Token
)
_OTHERS = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----END)){0,20000}(?:-----END [A-Z ]{0,40}-----)?",
    r"(?<=hooks\.slack\.com/services/)[\w/]{20,120}",
    # user info of a URL; a password that is not escaped may hold what the standard forbids in it
    r"(?<=://)[^\s/:\"'<>@]{0,256}:(?!\d{1,5}(?:[/?#\s]|$))[^\s\"'@]{1,512}(?=@)",
    r"(?<=://)(?!git@)[^\s/?#\"'<>]{1,512}(?=@)",  # git@ is the user of every server of git
    r"(?<=\b[Bb]earer )[\w.~+/=-]{12,4096}",
    # name and password behind an option of a command line, as curl has it; two numbers are a user and a group
    r"(?<=\s-u )(?!\d+:\d+(?:\s|$))[^\s:\"']{1,256}:[^\s\"']{1,512}",
    r"(?<=\b[Bb]asic )[A-Za-z0-9+/]{12,1024}={0,2}(?![\w+/])",
)
_SIGNS = (
    r"://|-----begin|\beyj|akia|asia|abia|acca|gh[pousr]_|github_|gl\w{2,4}-|\bsk-|xox|xapp-|aiza|ya29|gocspx|hf_|"
    r"[srp]k_|npm_|pypi-|sg\.|dapi|do[opr]_|hooks\.|bearer|basic |"
    r"pass|pwd|secret|cred|token|key|auth|jwt|cookie|[?&][\w-]{0,20}sig|[?&]hmac|-pw\b|\s-u |"
    rf"\b(?:{'|'.join(password_options.PARTS)})"
)
"""Every text with a secret, in lower case, contains one of these."""


@functools.cache
def known() -> re.Pattern[str]:
    """Match what is redacted wherever it is."""
    return re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(_KEYS)})|{'|'.join(_OTHERS)}")


_PARTS = (
    "://", "-----begin", "eyj", "akia", "asia", "abia", "acca", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_", "gl",
    "sk-", "xox", "xapp-", "aiza", "ya29", "gocspx", "hf_", "sk_", "rk_", "pk_", "npm_", "pypi-", "sg.", "dapi", "doo_",
    "dop_", "dor_", "hooks.", "bearer", "basic ", "pass", "pwd", "secret", "cred", "token", "key", "auth", "jwt",
    "cookie", "sig", "hmac", "-pw", " -u ", *password_options.PARTS,
)  # fmt: skip
"""Every match of `signs` contains one of these: looking for them takes a fifth of the time in a text of some length."""
_LETTERS = frozenset("".join(_PARTS))
_LONG = 40


def has_signs(text: str) -> bool:
    """Whether there may be something to hide in a text in lower case."""
    if len(text) > _LONG:
        absent = {letter for letter in _LETTERS if letter not in text}  # which takes no time for one that is there
        if not [part for part in _PARTS if absent.isdisjoint(part) and part in text]:
            return False
    return signs().search(text) is not None


@functools.cache
def signs() -> re.Pattern[str]:
    """Match a text, in lower case, that may have a secret: without a match there is none."""
    return re.compile(_SIGNS)


@functools.cache
def references() -> re.Pattern[str]:
    """Match user info that only names variables, as in pip's requirements: ``${USER}:${TOKEN}``."""
    return re.compile(r"(?:\$\{\w+\}|\$\w+|%\w+%|:|\*)+")
