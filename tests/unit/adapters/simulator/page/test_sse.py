import json
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator import sse


async def lines(stream: bytes) -> AsyncIterator[bytes]:
    for line in stream.splitlines(keepends=True):
        yield line


async def decoded(stream: bytes) -> list[sse.Frame]:
    return [frame async for frame in sse.decode(lines(stream))]


@given(st.lists(st.tuples(st.text(), st.integers(0))))
async def test_what_is_encoded_is_decoded(sent: list[tuple[str, int]]):
    stream = b"".join(sse.encode(data, event="e", id=n) for data, n in sent)
    frames = await decoded(stream)
    assert [(json.loads(f.data), int(f.id), f.event) for f in frames] == [
        (data, n, "e") for data, n in sent
    ]


async def test_a_frame_cut_off_by_a_dying_server_is_dropped():
    assert await decoded(sse.encode({"a": 1}, id=1)[:-1]) == []


async def test_comments_and_retry_times_are_no_frames():
    assert await decoded(sse.KEEP_ALIVE + sse.RETRY) == []


async def test_several_data_lines_are_one_text():
    (frame,) = await decoded(b"data: a\ndata:b\n\n")
    assert frame.data == "a\nb"
