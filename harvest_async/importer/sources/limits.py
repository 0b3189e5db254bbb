"""Limits on the size of input files, and the errors of file readers.

Invariants:
- A limit is checked before the memory that it bounds is taken.
- A reader raises `InvalidArgument` and no other error for any content of a file; `only_invalid` ensures it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from attrs import frozen

from harvest_async.errors import HarvestError, InvalidArgument

__all__ = ["LONGEST_CELL", "LONGEST_VALUE", "Limits", "guarded", "only_invalid"]

T = TypeVar("T")

LONGEST_CELL: Final = 131_072
"""Characters of one cell."""
LONGEST_VALUE: Final = 400
"""Characters of a cell that holds a number, a date, a time or a flag."""

_ROWS: Final = 1 << 20
_CELLS: Final = 4_000_000
_UNPACKED: Final = 512
_SPARSE: Final = 64
_SMALL: Final = 20_000
_RATIO: Final = 100
_LITTLE: Final = 1 << 14
_MEBIBYTE: Final = 1 << 20


@frozen
class Limits:
    """Limits of workbooks, and of JSON records; None means the default.

    Attributes:
        max_rows: rows of a sheet up to the last one with content (1,048,576).
        max_cells: cells of the area that holds all content (4,000,000; and at most 64 for each cell with content).
        max_unpacked: MiB after unpacking (512; and at most 100 times the size of the file).
    """

    max_rows: int | None = None
    max_cells: int | None = None
    max_unpacked: int | None = None

    @property
    def rows(self) -> int:
        """Rows of a sheet."""
        return self.max_rows or _ROWS

    @property
    def bytes(self) -> int:
        """Bytes after unpacking."""
        return (self.max_unpacked or _UNPACKED) * _MEBIBYTE

    def check_rows(self, where: str, rows: int) -> None:
        """Refuse a sheet with too many rows."""
        if rows > self.rows:
            raise InvalidArgument(
                f"{where} has {rows:,} rows, more than the {self.rows:,} that are read: split it, or raise the limit "
                "with --max-rows"
            )

    def check_filled(self, where: str, filled: int) -> None:
        """Refuse a sheet that has too many cells so far."""
        if filled > (self.max_cells or _CELLS):
            self.check_cells(where, filled, 1, filled)

    def check_cells(self, where: str, rows: int, columns: int, filled: int) -> None:
        """Refuse a sheet whose content takes, or is spread over, too many cells."""
        area, allowed = rows * columns, self.max_cells or _CELLS
        if area > allowed:
            raise InvalidArgument(
                f"{where} has {area:,} cells or more, and {allowed:,} are read: split it, or raise the limit with "
                "--max-cells"
            )
        if self.max_cells is None and area > max(_SMALL, _SPARSE * filled):
            raise InvalidArgument(
                f"{where} spreads {filled:,} cells with content over {rows:,} rows and {columns:,} columns: delete the "
                "blank rows and columns, or raise the limit with --max-cells"
            )

    def check_ratio(self, where: str, unpacked: int, packed: int) -> None:
        """Refuse a part that is packed far better than any sheet of a spreadsheet program."""
        if self.max_unpacked is None and unpacked > max(_LITTLE, _RATIO * packed):
            raise InvalidArgument(
                f"{where} unpacks to more than {_RATIO} times its size, as no workbook does that holds different rows: "
                "save it again, or raise the limit with --max-unpacked"
            )

    def check_bytes(self, where: str, count: int) -> None:
        """Refuse content that is too long."""
        if count > self.bytes:
            raise InvalidArgument(
                f"{where} takes more than {self.bytes // _MEBIBYTE:,} MiB: split it, or raise the limit with "
                "--max-unpacked"
            )


@contextmanager
def only_invalid(what: str) -> Iterator[None]:
    """Raise `InvalidArgument` in place of any error that is not one of this package.

    Args:
        what: the subject of the message, such as the file.
    """
    try:
        yield
    except (HarvestError, ImportError):
        raise
    except MemoryError as error:
        raise InvalidArgument(f"{what} can't be read: there is not enough memory for it; split it") from error
    except BaseException as error:
        # a fault inside a reader written in Rust arrives as PanicException, which is no Exception
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise InvalidArgument(f"{what} can't be read: {str(error) or type(error).__name__}") from error
        raise


def guarded(items: Iterable[T], what: str) -> Iterator[T]:
    """Yield the same items under `only_invalid`."""
    with only_invalid(what):
        yield from items
