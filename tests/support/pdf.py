"""A small PDF document, complete and valid: one page with one line of text."""

OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    b"<< /Length 46 >>\nstream\nBT /F1 12 Tf 20 50 Td (Taxi, 12.50 EUR) Tj ET \nendstream",
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
)


def pdf():
    """Return the document, with the table of its objects' offsets."""
    content = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, each in enumerate(OBJECTS, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    start = len(content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    content += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(offsets) + 1, table)
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start)
    return bytes(content)
