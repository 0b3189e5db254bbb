"""Names of months and weekdays in several languages."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["is_weekday", "month_number"]

_MONTHS: Final = (
    "jan january januar jänner janner janvier janv enero ene gennaio gen januari janeiro janua",
    "feb february februar feber fevrier fevr fev febrero febbraio februari fevereiro",
    "mar march marz maerz mrz mars marzo maart mrt marco marts",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag mei maio maj",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august aout agosto ago augustus augusti",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez decembre diciembre dic dicembre dezembro",
)
_NUMBERS: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAYS_TEXT: Final = """
    mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday mo
    montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag sonnabend so sonntag lun lundi mardi mer
    mercredi jeu jeudi ven vendredi sam samedi dim dimanche lunes martes mie miercoles jue jueves vie viernes
    sab sabado dom domingo lunedi martedi mercoledi gio giovedi venerdi sabato domenica ma maandag dinsdag wo
    woensdag donderdag vr vrijdag za zaterdag zo zondag man mandag tir tirsdag ons onsdag tor torsdag tors fre
    fredag lor lordag son sondag tis tisdag segunda terca quarta quinta sexta
"""
_WEEKDAYS: Final = frozenset(_WEEKDAYS_TEXT.split())
_LONGEST: Final = 16


def month_number(name: str) -> int | None:
    """Return the number of a month, 1 for January; None if the word is not a month."""
    return _NUMBERS.get(_folded(name)) if len(name) <= _LONGEST else None


def is_weekday(name: str) -> bool:
    """Return whether a word is a weekday."""
    return len(name) <= _LONGEST and _folded(name) in _WEEKDAYS


def _folded(name: str) -> str:
    """Return a word in lower case without accents and points."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("ø", "o"))
    return re.sub(r"[^a-z]", "", letters)
