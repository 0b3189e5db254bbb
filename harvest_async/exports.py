"""Exports: a whole account in a folder, one file for each kind of record, brought up to date as often as wished.

    exported = await exports.export(harvest, "acme")
    print([(kind.name, kind.rows) for kind in exported.kinds])

Rules of these rooms: records are written as the API has them, nothing is lost. Memory does not depend on how many there
are; an export of changes holds their numbers. An old file stands until its successor is whole and on the disk. What is
written as JSON Lines or CSV can be imported again.
"""

from harvest_async.exporter.files import FORMATS
from harvest_async.exporter.run import Exported, Kept, export
from harvest_async.exporter.sections import SECTIONS

__all__ = ["FORMATS", "SECTIONS", "Exported", "Kept", "export"]
