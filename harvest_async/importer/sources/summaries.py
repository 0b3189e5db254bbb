"""Files that hold hours, but not one entry with its day in each row: summary reports and weekly timesheets.

They are refused: their hours would be logged on a wrong day, or their rows would become projects and assignments.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from attrs import define

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.kinds import Notice

__all__ = ["TotalDetector", "refuse_summary", "refuse_week"]

_MEASURE: Final = re.compile(
    r"(?:total |billable |logged |tracked |worked |spent )?(?:duration|hours?|time|tracked|logged|minutes|seconds)"
    r"(?: (?:spent|worked|logged|tracked))?(?: (?:hours|minutes|seconds))?(?: ?\([^)]*\)| %)?"
    r"|dauer|stunden|zeit|arbeitszeit|zeitaufwand|durée|heures|temps|duración|horas|tiempo|durata|ore|tempo"
    r"|duração|duur|uren|tijd|timmar|timer",
)
_DAY: Final = re.compile(
    r"(?:.* )?(?:date|datum|day|tag|fecha|data|jour|dia|día|giorno|dato|dag|started|timestamp)(?: .*)?"
)
_BUDGET: Final = re.compile(r"(?:cost )?budget(?: .*)?")
_WEEKDAY: Final = re.compile(
    r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
    r"|lun|mar|mer|jeu|ven|sam|dim|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b.*"
    r"|\d{4} \d\d \d\d|\d{1,2}[./]\d{1,2}[./](?:\d{4})?"
)
_WEEK: Final = 5
_TOTAL: Final = re.compile(
    r"\s*(?:(?:grand |sub-?|sub )?totals?|summe|zwischensumme|gesamt|gesamtsumme|total g[e\u00e9]n[e\u00e9]ral"
    r"|sous-total|totale|totaal|suma)\s*:?\s*",
    re.IGNORECASE,
)
_LONGEST: Final = 40


@define
class TotalDetector:
    """Finds the first row that may hold the sum of others: its person, project, task or category is called Total."""

    _notice: Notice | None = None

    def look(self, line: int, column: str, text: str) -> None:
        """Observe one cell."""
        if self._notice is None and len(text) <= _LONGEST and _TOTAL.fullmatch(text):
            reason = (
                f"{text.strip()!r} on line {line} is read as a name: delete the row if it holds a sum of other rows"
            )
            self._notice = Notice(column, reason)

    def settle(self) -> Notice | None:
        """Return the notice, if there was such a row."""
        return self._notice


def refuse_week(names: Sequence[str], mapped: Collection[int], titles: Sequence[str], line: int) -> None:
    """Refuse a file with a column for each day of a week.

    Args:
        names: all columns in their normal form.
        mapped: the indices of the columns that an option maps or leaves out.
        titles: the columns as the file has them.
        line: the line of the header.
    """
    days = [index for index, name in enumerate(names) if index not in mapped and _WEEKDAY.fullmatch(name)]
    if len(days) >= _WEEK:
        first, second = (titles[index] for index in days[:2])
        raise InvalidArgument(
            f"line {line}: the file has a column for each day ({first}, {second}, ...): export the detailed report, or "
            f"write one row for each day; --map '{first}=' and so on leaves the columns out"
        )


def refuse_summary(
    read: Collection[str], names: Sequence[str], mapped: Mapping[int, str], titles: Sequence[str], line: int
) -> None:
    """Refuse a file that would be read as records and has hours.

    Args:
        read: the columns that are read, in their normal form.
        names: all columns in their normal form.
        mapped: the fields of the columns that an option maps or leaves out, by their index.
        titles: the columns as the file has them.
        line: the line of the header.
    """
    left = [index for index, name in enumerate(names) if name not in read and index not in mapped]
    if any(_BUDGET.fullmatch(name) for name in names):
        return
    index = next((index for index in left if _MEASURE.fullmatch(names[index])), None)
    if index is None:
        return
    title, leave = titles[index], f"leave the column out with --map '{titles[index]}='"
    day = next((titles[each] for each in left if _DAY.fullmatch(names[each])), None)
    if day is not None:
        raise InvalidArgument(
            f"line {line}: the columns {day!r} and {title!r} may be the days and hours of time entries: read them with "
            f"--map '{day}=day' --map '{title}=hours', or {leave}"
        )
    raise InvalidArgument(
        f"line {line}: the file has hours ({title}) and no day for them, as summary reports do: export the detailed "
        f"report, or {leave}"
    )
