"""Which names and passwords are acceptable, and which names look alike."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from confusable_homoglyphs import categories, confusables

from app.accounts.errors import PasswordNotAllowed, UsernameNotAllowed

USERNAME_MIN, USERNAME_MAX = 2, 32
PASSWORD_MIN, PASSWORD_MAX = 8, 256
SESSION_MS = 30 * 24 * 3600 * 1000
INVITE_USES_MAX = 1000
INVITE_DAYS_MAX = 90

LABEL_MAX = 60

# In this order: later browsers call themselves by the earlier names as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_SEPARATORS = "_-."
_RESERVED = frozenset({"all", "everyone", "here", "me"})
# The platform's own names: nobody may even look like it.
_PLATFORM = frozenset({"guildhall", "system"})
# Look-alikes within ASCII, after case folding. Separators are alike too.
_ASCII_TWINS = str.maketrans({"0": "o", "1": "l", "i": "l", "-": "_", ".": "_"})


def check_username(name: str) -> str:
    """The name in its one spelling (NFKC), or `UsernameNotAllowed`.

    Letters, marks and digits of one script, with `_ - .` between them; 2 to 32 characters.
    """
    name = unicodedata.normalize("NFKC", name)
    if not USERNAME_MIN <= len(name) <= USERNAME_MAX:
        raise UsernameNotAllowed(f"A username has {USERNAME_MIN} to {USERNAME_MAX} characters")
    if not all(unicodedata.category(char)[0] in "LMN" or char in _SEPARATORS for char in name):
        raise UsernameNotAllowed("A username is made of letters, digits and _ - .")
    if name[0] in _SEPARATORS or name[-1] in _SEPARATORS or unicodedata.category(name[0])[0] == "M":
        raise UsernameNotAllowed("A username begins and ends with a letter or a digit")
    scripts = categories.unique_aliases("".join(char for char in name if char not in _SEPARATORS))
    if len(scripts - {"COMMON", "INHERITED"}) > 1:
        raise UsernameNotAllowed("A username keeps to one script")
    if name.casefold() in _RESERVED or skeleton(name) in map(skeleton, _PLATFORM):
        raise UsernameNotAllowed("This name is reserved")
    return name


def fold(name: str) -> str:
    """The name without what two ways to type it may differ in: case, width, composed or decomposed characters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def skeleton(name: str) -> str:
    """What a name looks like. Two names with one skeleton could be mistaken for each other (after UTS #39)."""
    latin = "".join(_latin_twin(char) for char in fold(name)).casefold()
    return latin.translate(_ASCII_TWINS).replace("rn", "m").replace("vv", "w")


def check_password(password: str, username: str) -> None:
    """Raise `PasswordNotAllowed` unless the password has 8 to 256 characters and is not the name."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise PasswordNotAllowed(f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters")
    if password.casefold() == username.casefold():
        raise PasswordNotAllowed("A password differs from the username")


@lru_cache(maxsize=4096)
def _latin_twin(char: str) -> str:
    """The Latin character that looks like this one, or the character itself."""
    if char.isascii():
        return char
    found = confusables.is_confusable(char, greedy=True, preferred_aliases=[])
    twins = [twin["c"] for match in found or [] for twin in match["homoglyphs"]]
    return next((twin for twin in twins if twin.isascii() and twin.isalnum()), char)


def device_label(user_agent: str) -> str:
    """What a person would call the device a request comes from: `Firefox on Windows`."""
    browser = next((name for token, name in _BROWSERS if token in user_agent), None)
    system = next((name for token, name in _SYSTEMS if token in user_agent), None)
    if browser is None:
        return user_agent.partition(" ")[0][:LABEL_MAX] or "Unknown device"
    return f"{browser} on {system}" if system else browser
