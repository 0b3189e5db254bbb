"""Workbooks part by part, good and crafted."""

import io
import struct
import zipfile

from harvest_async.importer.sources.compound import compose

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="170" formatCode="[h]:mm:ss"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="20"/></cellXfs></styleSheet>'
)


def text_cell(text):
    """A cell with a text of its own."""
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def row(*cells, number=None):
    """A row of texts, or of cells as they are given."""
    place = f' r="{number}"' if number else ""
    return f"<row{place}>{''.join(cell if cell.startswith('<') else text_cell(cell) for cell in cells)}</row>"


def relations(*kinds):
    """Relationships: (kind, target)."""
    each = "".join(
        f'<Relationship Id="rId{number}" Type="{TYPES}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(kinds, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{each}</Relationships>'


def xlsx(*rows, parts=None, without=(), prolog=""):
    """The bytes of an XLSX file; `parts` replace or add parts, `without` leaves some out."""
    related = (("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml"))
    whole = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{TYPES}"><sheets><sheet name="Sheet" sheetId="1" r:id="rId1"/></sheets>'
            "</workbook>"
        ),
        "xl/_rels/workbook.xml.rels": relations(*related),
        "xl/worksheets/sheet1.xml": (
            f'{prolog}<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'
        ),
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>shared</t></si></sst>',
    } | (parts or {})
    return packed({name: part for name, part in whole.items() if name not in without})


def packed(parts):
    """The bytes of a ZIP file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def ods_row(*cells, repeat=1):
    """A row of an ODS sheet: texts, or cells as they are given."""
    each = "".join(
        cell
        if cell.startswith("<")
        else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    return f'<table:table-row table:number-rows-repeated="{repeat}">{each}</table:table-row>'


def ods(*rows, parts=None, prolog=""):
    """The bytes of an ODS file."""
    content = (
        f'{prolog}<office:document-content {OFFICE}><office:body><office:spreadsheet><table:table table:name="Sheet">'
        f"{''.join(rows)}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    whole = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}
    return packed(whole | (parts or {}))


def record(kind, *values):
    """A record of an XLS workbook."""
    body = b"".join(values)
    return struct.pack("<HH", kind, len(body)) + body


def xls(*rows, extra=b"", before=b"", tail=b""):
    """The bytes of an XLS file: texts and numbers; `extra` are more records of the sheet, `before` of the workbook."""
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    for line, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", line, column, 0)
            if isinstance(cell, str):
                text = cell.encode("utf-16-le")
                sheet += record(0x204, place, struct.pack("<HB", len(cell), 1), text)
            else:
                sheet += record(0x203, place, struct.pack("<d", cell))
    sheet += extra + record(0x0A)
    name = "Sheet"
    bound = struct.pack("<BB", len(name), 0) + name.encode()
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 0x5, 0, 0, 0, 0)) + before
    offset = len(begin) + len(record(0x85, bytes(6), bound)) + 4
    globe = begin + record(0x85, struct.pack("<IH", offset, 0), bound) + record(0x0A)
    return compose("Workbook", globe + sheet + tail)
