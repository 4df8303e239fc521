"""Images that say they are larger than any memory."""

import base64
import struct

import pytest

from autograder.submission.attachments import keep_images
from autograder.submission.pixels import MAX_PIXELS, too_large


def png(width, height):
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return base64.b64encode(header + bytes(60)).decode()


def jpeg(width, height, before=b""):
    start = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc4\x00\x03x"
    frame = b"\xff\xc2" + struct.pack(">HBHH", 17, 8, height, width)
    return base64.b64encode(start + before + frame + bytes(60)).decode()


@pytest.mark.parametrize("image", [png, jpeg])
def test_the_size_is_read(image):
    assert not too_large(image(8_000, 6_000))
    assert too_large(image(60_000, MAX_PIXELS // 60_000 + 1))


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x00" * 50, b"<svg/>"),
        *(b"\xff\xd8\xff\xe0\xff\xff", b"\xff\xd8" + b"\xff" * 100),
    ],
)
def test_what_says_no_size_is_not_too_large(raw):
    assert not too_large(base64.b64encode(raw).decode())


def test_no_base64():
    assert not too_large("iVBORw0KGgo=====a")


def test_an_attachment_that_is_too_large_is_dropped():
    notes = []
    assert keep_images({"a.png": {"image/png": png(100_000, 100_000)}}, notes) == {}
    assert len(notes) == 1
    assert keep_images({"a.png": {"image/png": png(100, 100)}}, notes)
