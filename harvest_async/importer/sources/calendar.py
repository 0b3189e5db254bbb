"""Names of months and weekdays in several languages."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["month_number", "weekdays_named"]

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
_WEEKDAYS: Final = (
    "mon monday mo montag lun lundi lunes lunedi ma maandag man mandag segunda",
    "tue tues tuesday di dienstag mar ma mardi martes martedi dinsdag tir tirsdag tis tisdag terca",
    "wed wednesday mi mittwoch mer mercredi mie miercoles mercoledi wo woensdag ons onsdag quarta",
    "thu thur thurs thursday do donnerstag jeu jeudi jue jueves gio giovedi donderdag tor torsdag tors quinta",
    "fri friday fr freitag ven vendredi vie viernes venerdi vr vrijdag fre fredag sexta",
    "sat saturday sa samstag sonnabend sam samedi sab sabado sabato za zaterdag lor lordag",
    "sun sunday so sonntag dim di dimanche dom do domingo domenica zo zondag son sondag",
)
"""The names of each day; some are short for different days in different languages."""
_DAYS: Final = {
    name: frozenset(day for day, names in enumerate(_WEEKDAYS) if name in names.split())
    for name in " ".join(_WEEKDAYS).split()
}
_LONGEST: Final = 16


def month_number(name: str) -> int | None:
    """Return the number of a month, 1 for January; None if the word is not a month."""
    return _NUMBERS.get(_folded(name)) if len(name) <= _LONGEST else None


def weekdays_named(name: str) -> frozenset[int]:
    """Return the weekdays that a word may mean, 0 for Monday; empty if the word is not a weekday."""
    return _DAYS.get(_folded(name), frozenset()) if len(name) <= _LONGEST else frozenset()


def _folded(name: str) -> str:
    """Return a word in lower case without accents and points."""
    letters = unicodedata.normalize("NFKD", name.lower().replace("ø", "o"))
    return re.sub(r"[^a-z]", "", letters)
