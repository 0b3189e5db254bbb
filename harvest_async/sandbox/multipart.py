"""The parts of a form that carries files.

The last boundary may lack its two dashes, as in the documentation's sample.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

__all__ = ["Part", "read_parts"]

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_PARAMETER: Final = re.compile(r';\s*(name|filename)\*?=(?:"([^"]*)"|([^;\s]*))', re.IGNORECASE)


@frozen
class Part:
    """A part of a form: the field's name, the file's name and type (empty for plain fields), and the content."""

    name: str
    filename: str
    media: str
    content: bytes


def read_parts(media: str, content: bytes) -> list[Part]:
    """Return the parts of a body; none if it is not such a form."""
    found = _BOUNDARY.search(media)
    if not media.lower().startswith("multipart/form-data") or found is None:
        return []
    pieces = (b"\r\n" + content).split(b"\r\n--" + found[1].strip().encode("latin-1"))
    return [_read_part(piece.removeprefix(b"\r\n")) for piece in pieces[1:] if b"\r\n\r\n" in piece]


def _read_part(piece: bytes) -> Part:
    head, _, content = piece.partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    given = _PARAMETER.findall(headers.get("content-disposition", ""))
    parameters = {name.lower(): quoted or plain for name, quoted, plain in given}
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Part(parameters.get("name", ""), parameters.get("filename", ""), media, content)
