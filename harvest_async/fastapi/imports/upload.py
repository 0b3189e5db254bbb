"""Receive the file of an upload: within its limit, and what its name says.

Invariants:
- No more of a request is read than the limit allows.
- A file is stored under a name of our own; the visitor's name is only shown.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from anyio import CapacityLimiter, to_thread
from attrs import frozen
from fastapi import Request
from fastapi.datastructures import FormData

from harvest_async.errors import InvalidArgument
from harvest_async.fastapi.csrf import FIELD, HEADER, Csrf
from harvest_async.fastapi.imports.form import FIELDS, in_terms_of_form, options_of, shortened
from harvest_async.fastapi.refusals import Refusal, has_left
from harvest_async.importer.sources import Options, open_source

__all__ = ["Upload", "check_readable", "received", "store"]

_FORM: Final = "multipart/form-data"
_FIELDS: Final = 40
_LONGEST_FIELD: Final = 64 * 1024
_LONGEST_NAME: Final = 120
_LONGEST_NUMBER: Final = 15
_MEBIBYTE: Final = 1 << 20

_WORKBOOK: Final = {
    ".xlsx": (b"PK\x03\x04", b"PK\x05\x06"),
    ".ods": (b"PK\x03\x04",),
    ".xls": (b"\xd0\xcf\x11\xe0", b"\x09\x08", b"PK\x03\x04"),
}
"""The first bytes of each kind of workbook; programs write XLSX under the name of XLS, too."""

_TEXT: Final = (".csv", ".tsv", ".txt", ".json", ".jsonl")
_NOT_TEXT: Final = (
    b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"MZ", b"\x7fELF",
)  # fmt: skip
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_HEAD: Final = 4096


@frozen
class Upload:
    """An upload whose file has been received.

    Attributes:
        name: the file's name, for people.
        ending: its ending, lower case, with the dot.
        fields: the form's other fields.
        file: the content.
    """

    name: str
    ending: str
    fields: dict[str, str]
    file: BinaryIO

    @property
    def options(self) -> Options:
        """The importer's options.

        Raises:
            Refusal: a field has a value that can't be used.
        """
        try:
            return options_of(self.fields)
        except InvalidArgument as error:
            detail = _sentence(in_terms_of_form(str(error)))
            raise Refusal(422, "bad-option", "An option can't be used", detail) from error


@asynccontextmanager
async def received(request: Request, csrf: Csrf, largest: int) -> AsyncIterator[Upload]:
    """Read the form of an upload; its file is closed with the block.

    Args:
        request: the request.
        csrf: checks that a page of this app, or a program, sent it.
        largest: bytes of the file, at most.

    Raises:
        Refusal: another site sent it, it is too large, has no file, or one of an unknown type.
    """
    csrf.check_site(request)
    if request.headers.get(HEADER) is not None:  # a program's token is checked before its file is read
        csrf.check_token(request, request.headers[HEADER])
    form = await _read(request, largest)
    try:
        yield await _upload_of(request, csrf, form)
    finally:
        await form.close()


async def _upload_of(request: Request, csrf: Csrf, form: FormData) -> Upload:
    token = form.get(FIELD)
    csrf.check_token(request, request.headers.get(HEADER) or (token if isinstance(token, str) else None))
    file = form.get("file")
    if isinstance(file, str) or file is None or not file.filename:
        raise Refusal(422, "no-file", "No file", "Choose a file to import: the form has no field “file” with one.")
    if not file.size:
        raise Refusal(422, "empty-file", "The file is empty", "Choose a file with a header and rows below it.")
    name = _shown_name(file.filename)
    ending = PurePosixPath(name).suffix.lower()
    _check_type(name, ending, await file.read(_HEAD))
    names = {field.name for field in FIELDS}
    fields = {key: value for key, value in form.items() if key in names and isinstance(value, str)}
    return Upload(name, ending, fields, file.file)


async def store(upload: Upload, path: Path) -> None:
    """Write the content of an upload to a file that its owner alone can read."""

    def copy() -> None:
        upload.file.seek(0)
        path.touch(mode=0o600)
        with path.open("wb") as target:
            shutil.copyfileobj(upload.file, target)

    await to_thread.run_sync(copy)


async def check_readable(path: Path, upload: Upload, limiter: CapacityLimiter) -> dict[str, str]:
    """Return what is detected about a stored file, as labels and texts.

    Args:
        path: the stored file.
        upload: the upload that it is of.
        limiter: limits how many files are looked through at a time.

    Raises:
        Refusal: the file can't be read, or is another kind of file than its name says.
    """

    def look() -> dict[str, str]:
        with open_source(path, upload.options, upload.name) as source:
            [found] = source.found
            shown = found.describe() | {"file": upload.name}
            shown |= {f"notice {place}": str(each) for place, each in enumerate(found.notices, 1)}
            return {label: shortened(text) for label, text in shown.items()}

    try:
        return await to_thread.run_sync(look, limiter=limiter)
    except InvalidArgument as error:
        text = in_terms_of_form(str(error)).replace(path.name, upload.name)
        raise Refusal(422, "unreadable-file", "The file can't be read", _sentence(text)) from error
    except ImportError as error:
        detail = "This app can't read workbooks: save the file as CSV and upload that."
        raise Refusal(415, "no-workbooks", "Workbooks can't be read here", detail) from error


async def _read(request: Request, largest: int) -> FormData:
    """Read a form, and no more bytes than allowed."""
    if not request.headers.get("content-type", "").startswith(_FORM):
        detail = f"Send the file as {_FORM}, in the field “file”."
        raise Refusal(415, "no-form", "Not a form with a file", detail)
    allowed = largest + _FIELDS * _LONGEST_FIELD // 4
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > _LONGEST_NUMBER or int(length) > allowed):
        raise _too_large(largest)
    left = allowed

    async def receive() -> Any:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(largest)
        return message

    limited = Request(request.scope, receive)
    try:
        form = await limited.form(max_files=1, max_fields=_FIELDS, max_part_size=_LONGEST_FIELD)
    except Exception as error:
        if not has_left(error):
            raise
        detail = "The connection ended before the whole file had arrived: send it again."
        raise Refusal(400, "incomplete", "The upload is incomplete", detail) from error
    file = form.get("file")
    if file is not None and not isinstance(file, str) and (file.size or 0) > largest:
        raise _too_large(largest)
    return form


def _shown_name(given: str) -> str:
    """Return a file's name without its folders, and without characters that change how the text around it is read."""
    name = PurePosixPath(given.replace("\\", "/")).name[-_LONGEST_NAME:]
    return "".join(each if each.isprintable() else "_" for each in name)


def _too_large(largest: int) -> Refusal:
    detail = f"A file may have at most {largest / _MEBIBYTE:g} MiB: split it, and import the parts one after the other."
    return Refusal(413, "too-large", "The file is too large", detail, largest=largest)


def _check_type(name: str, ending: str, head: bytes) -> None:
    """Refuse a file whose content is not what its name says."""
    if ending in _WORKBOOK:
        fits = head.startswith(_WORKBOOK[ending])
    elif ending in _TEXT:
        fits = not head.startswith(_NOT_TEXT) and (b"\0" not in head or head.startswith(_WIDE))
    else:
        known = ", ".join(each[1:].upper() for each in (*_TEXT, *_WORKBOOK))
        raise Refusal(
            415, "unknown-type", "Unknown type of file", f"{name}: choose a file of one of these types: {known}."
        )
    if not fits:
        detail = f"{name} is no {ending[1:].upper()} file: its content is of another type. Save it again as one."
        raise Refusal(415, "not-what-it-says", "The file is not what its name says", detail)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
