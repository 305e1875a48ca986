"""Changes of MP4 files that phones write and OpenCV cannot write: rotation, and a variable frame rate."""

import struct

#: Boxes that contain boxes, on the way to the table of durations.
CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def rotated(content, degrees, width, height):
    """The content of a file whose metadata rotate its images clockwise; width and height as stored."""
    at = content.index(b"tkhd") + 4 + 40  # version 0: flags, times, id, duration, layer, volume
    one = 1 << 16
    matrices = {
        90: (0, one, 0, -one, 0, 0, height * one, 0),
        180: (-one, 0, 0, 0, -one, 0, width * one, height * one),
        270: (0, -one, 0, one, 0, 0, 0, width * one),
    }
    return content[:at] + struct.pack(">9i", *matrices[degrees], 1 << 30) + content[at + 36 :]


def with_durations(content, durations):
    """The content of a file whose frames have these durations, in multiples of that of its frames."""
    content = content.replace(b"edts", b"free")  # the list of edits would end the video at its former duration
    at = content.index(b"stts")
    (unit,) = struct.unpack(">I", content[at + 16 : at + 20])
    entries = b"".join(struct.pack(">2I", 1, unit * duration) for duration in durations)
    table = b"stts" + struct.pack(">2I", 0, len(durations)) + entries
    (size,) = struct.unpack(">I", content[at - 4 : at])
    changed = content[: at - 4] + struct.pack(">I", len(table) + 4) + table + content[at - 4 + size :]
    for name in CONTAINERS:  # they begin before the table and grow with it
        i = changed.index(name) - 4
        (length,) = struct.unpack(">I", changed[i : i + 4])
        changed = changed[:i] + struct.pack(">I", length + len(table) + 4 - size) + changed[i + 4 :]
    return changed
