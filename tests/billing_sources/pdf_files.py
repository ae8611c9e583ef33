"""PDFs with files in them, made as small as they go."""

from __future__ import annotations

import re
import zlib
from io import BytesIO

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject


def pdf(content: bytes, name: str = "factur-x.xml") -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.add_attachment("terms.txt", b"30 days net")
    writer.add_attachment(name, content)
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def pdf_that_loops() -> bytes:
    """Its tree of embedded files is its own child."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    tree = writer._add_object(DictionaryObject())
    node = tree.get_object()
    assert isinstance(node, DictionaryObject)
    node[NameObject("/Kids")] = ArrayObject([tree, tree])
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/EmbeddedFiles"): tree})
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def pdf_that_unfolds(mebibytes: int) -> bytes:
    """An embedded invoice of so many mebibytes, deflated twice: a few kilobytes."""
    plain = pdf(b"<Invoice/>")
    deflate = zlib.compressobj(9)
    once = b"".join([*(deflate.compress(b" " * (1 << 20)) for _ in range(mebibytes)), deflate.flush()])
    twice = zlib.compress(once, 9)
    stream = b"/Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%s\nendstream" % (len(twice), twice)
    old = re.search(rb"/Length 10\s*>>\s*stream\s<Invoice/>\sendstream", plain)
    assert old is not None
    return plain[: old.start()] + stream + plain[old.end() :]
