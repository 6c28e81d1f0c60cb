"""Taking files in: whole or not at all, within what a person may, counted while they come; on both engines."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import pytest

from app.accounts.entitlements import Benefits
from app.chat.errors import NotAMember
from app.chat.files import store
from app.chat.files.errors import FileEmpty, FileNotFound, FileShownAlready, FileTooLarge, PictureTooLarge, StorageFull
from app.chat.files.policy import PIXELS_MAX, UPLOADS_AT_ONCE
from app.chat.files.receiving import object_key
from app.chat.model import Room
from app.core.actor import Actor
from app.core.errors import AppError, Invalid, NotFound, TooMany, Unavailable
from app.infra import upload as upload_module
from app.infra.upload import UploadCut
from tests.chat.files.desk import BOUNDARY, PIXEL, Desk, Sender, form
from tests.chat.talk import Talk

BOMB = PIXEL[:16] + (50_000).to_bytes(4, "big") * 2 + PIXEL[24:]
LARGE = bytes(3001)


def honest(body: bytes) -> Sender:
    return Sender(body, announced=len(body))


async def nothing_is_kept(desk: Desk, actor: Actor) -> bool:
    return (desk.kept(), await desk.rows(), await desk.used(actor)) == ({}, 0, 0)


async def test_a_file_is_kept_byte_for_byte_under_its_id(desk: Desk, ann: Actor, room: Room) -> None:
    content = PIXEL + bytes(range(256)) * 8
    file = await desk.hand_in(ann, room, content, "ภาพ.png")
    assert (file.name, file.size, file.media_type) == ("ภาพ.png", len(content), "image/png")
    assert (file.width, file.height) == (3, 2)
    assert desk.kept() == {object_key(file.id): content}
    assert await desk.used(ann) == len(content)
    async with desk.talk.database.reader() as db:
        found = await store.file(db, file.id)
    assert found is not None
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert (found.message_id, found.owner_id, found.room_id) == (None, ann.id, room.id)


async def test_a_length_that_was_not_announced_is_counted(desk: Desk, ann: Actor, room: Room) -> None:
    file = await desk.send(ann, room, Sender(form(b"x" * 2999)))
    assert file.size == await desk.used(ann) == 2999


@pytest.mark.parametrize("size", [1, 2999, 3000])
async def test_a_file_may_be_as_large_as_it_may_be(desk: Desk, ann: Actor, room: Room, size: int) -> None:
    assert (await desk.hand_in(ann, room, bytes(size))).size == size


REFUSED: dict[str, tuple[Callable[[], Sender], type[AppError]]] = {
    "empty": (lambda: honest(form(b"")), FileEmpty),
    "one byte too large": (lambda: honest(form(LARGE)), FileTooLarge),
    "too large, unannounced": (lambda: Sender(form(bytes(20_000))), FileTooLarge),
    "more than announced": (lambda: Sender(form(bytes(2000)), announced=900), Invalid),
    "announced as nothing": (lambda: Sender(form(bytes(2000)), announced=0), Invalid),
    "ends within": (lambda: Sender(form(bytes(2000))[:-40]), UploadCut),
    "hangs up": (lambda: Sender(form(bytes(2000))[:-40], hangs_up=True), UploadCut),
    "a bomb": (lambda: honest(form(BOMB)), PictureTooLarge),
}


@pytest.mark.parametrize("case", list(REFUSED))
async def test_what_is_refused_leaves_nothing_behind(desk: Desk, ann: Actor, room: Room, case: str) -> None:
    sender, refusal = REFUSED[case]
    with pytest.raises(refusal):
        await desk.send(ann, room, sender())
    assert await nothing_is_kept(desk, ann)


async def test_too_large_says_how_large_it_may_be_and_is_noticed_while_it_comes(
    desk: Desk, ann: Actor, room: Room
) -> None:
    sender = Sender(form(bytes(100_000)))
    with pytest.raises(FileTooLarge) as refused:
        await desk.send(ann, room, sender)
    assert refused.value.data == {"limit": 3000}
    assert sender.sent < 10
    announced = honest(form(bytes(100_000)))
    with pytest.raises(FileTooLarge):
        await desk.send(ann, room, announced)
    assert announced.sent == 1


async def test_a_bomb_is_refused_by_what_it_claims(desk: Desk, ann: Actor, room: Room) -> None:
    with pytest.raises(PictureTooLarge) as refused:
        await desk.hand_in(ann, room, BOMB)
    assert refused.value.data == {"limit": PIXELS_MAX}


FORM = f"multipart/form-data; boundary={BOUNDARY}"
MALFORMED: dict[str, tuple[bytes, str]] = {
    "no form": (b"{}", "application/json"),
    "no boundary": (form(b"x"), "multipart/form-data"),
    "another boundary": (form(b"x"), "multipart/form-data; boundary=border"),
    "another field": (form(b"x").replace(b'"file"', b'"photo"'), FORM),
    "no file name": (form(b"x").replace(b"; filename", b"; title"), FORM),
    "two files": (form(b"x").replace(b"--\r\n", b"\r\n") + form(b"y"), FORM),
    "endless header": (form(b"x", "n" * 9000), FORM),
    "nothing": (b"", FORM),
}


@pytest.mark.parametrize("case", list(MALFORMED))
async def test_another_body_than_a_form_with_a_file_is_refused(desk: Desk, ann: Actor, room: Room, case: str) -> None:
    body, content_type = MALFORMED[case]
    with pytest.raises((Invalid, UploadCut)):
        await desk.send(ann, room, Sender(body, content_type=content_type))
    assert await nothing_is_kept(desk, ann)


async def test_only_members_hand_in(desk: Desk, talk: Talk, room: Room) -> None:
    eve = await talk.person("eve")
    with pytest.raises(NotAMember):
        await desk.hand_in(eve, room)
    with pytest.raises(NotFound):
        await desk.send(eve, 1, honest(form(b"x")))
    assert await nothing_is_kept(desk, eve)


async def test_a_full_storage_says_its_numbers(desk: Desk, ann: Actor, ben: Actor, room: Room) -> None:
    for _ in range(3):
        await desk.hand_in(ann, room, bytes(3000))
    with pytest.raises(StorageFull) as refused:
        await desk.hand_in(ann, room, bytes(1001))
    assert refused.value.data == {"limit": 10_000, "used": 9000}
    assert (len(desk.kept()), await desk.used(ann)) == (3, 9000)
    await desk.hand_in(ben, room, bytes(3000))


async def test_no_storage_at_all_takes_nothing(desk: Desk, ann: Actor, room: Room) -> None:
    desk.allowed.benefits_now = Benefits(storage=0, file=3000)
    with pytest.raises(StorageFull):
        await desk.hand_in(ann, room)
    assert await nothing_is_kept(desk, ann)


async def test_uploads_at_once_never_fill_more_than_there_is(desk: Desk, ann: Actor, room: Room) -> None:
    # Each announces 2500 bytes, and none can go on before all have begun: so 4 of them find room in 10 000.
    gate = asyncio.Event()
    body = form(bytes(2300))
    senders = [Sender(body, announced=2500, waits_for=gate) for _ in range(UPLOADS_AT_ONCE)]
    tasks = [asyncio.ensure_future(desk.send(ann, room, sender)) for sender in senders]
    while sum(task.done() for task in tasks) < 4:
        await asyncio.sleep(0.01)
    assert await desk.used(ann) == 10_000
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert [type(result) for result in refused] == [StorageFull] * 4
    assert await desk.used(ann) == sum(len(content) for content in desk.kept().values()) == 4 * 2300


async def test_a_person_has_a_bounded_number_of_uploads_at_once(desk: Desk, ann: Actor, ben: Actor, room: Room) -> None:
    gate = asyncio.Event()
    senders = [Sender(form(bytes(900)), announced=1200, waits_for=gate) for _ in range(UPLOADS_AT_ONCE + 1)]
    tasks = [asyncio.ensure_future(desk.send(ann, room, sender)) for sender in senders]
    while not any(task.done() for task in tasks):
        await asyncio.sleep(0.01)
    await desk.hand_in(ben, room)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results if isinstance(result, BaseException)] == [TooMany]
    await desk.hand_in(ann, room)


async def test_what_was_set_aside_and_not_needed_can_be_used(desk: Desk, ann: Actor, room: Room) -> None:
    desk.allowed.benefits_now = Benefits(storage=3000, file=3000)
    await desk.send(ann, room, Sender(form(b"short"), announced=2900))
    assert await desk.used(ann) == 5
    await desk.hand_in(ann, room, bytes(2500))


async def test_an_upload_that_is_cancelled_leaves_nothing(desk: Desk, ann: Actor, room: Room) -> None:
    task = asyncio.ensure_future(desk.send(ann, room, Sender(form(bytes(2500)), waits_for=asyncio.Event())))
    while await desk.used(ann) == 0:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await nothing_is_kept(desk, ann)


async def test_a_client_that_sends_no_more_is_given_up(
    desk: Desk, ann: Actor, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_module, "STALL_SECONDS", 0.1)
    with pytest.raises(UploadCut):
        await desk.send(ann, room, Sender(form(bytes(2500)), waits_for=asyncio.Event()))
    assert await nothing_is_kept(desk, ann)


async def test_a_storage_that_cannot_be_written_is_said_and_leaves_nothing(desk: Desk, ann: Actor, room: Room) -> None:
    desk.folder.rmdir()
    desk.folder.write_text("a file where the folder was")
    with pytest.raises(Unavailable):
        await desk.hand_in(ann, room)
    desk.folder.unlink()
    desk.folder.mkdir()
    desk.talk.clock.advance(days=2)
    await desk.receiving.collect()
    assert await nothing_is_kept(desk, ann)


async def test_files_that_nobody_shows_are_collected_after_a_day(desk: Desk, ann: Actor, room: Room) -> None:
    shown = await desk.hand_in(ann, room, b"shown")
    await desk.show(ann, room, [shown], client_id="c1")
    loose = await desk.hand_in(ann, room, b"loose")
    desk.talk.clock.advance(days=1)
    assert await desk.receiving.collect() == 0
    desk.talk.clock.advance(1)
    late = await desk.hand_in(ann, room, b"later")
    assert await desk.receiving.collect() == 1
    assert sorted(desk.kept()) == [object_key(shown.id), object_key(late.id)]
    assert await desk.used(ann) == 10
    with pytest.raises(FileNotFound):
        await desk.show(ann, room, [loose], client_id="c2")


async def test_a_file_that_is_not_sent_after_all_is_taken_back(desk: Desk, ann: Actor, ben: Actor, room: Room) -> None:
    file = await desk.hand_in(ann, room)
    with pytest.raises(FileNotFound):
        await desk.receiving.discard(ben, file.id)
    await desk.receiving.discard(ann, file.id)
    assert await nothing_is_kept(desk, ann)
    with pytest.raises(FileNotFound):
        await desk.receiving.discard(ann, file.id)
    with pytest.raises(FileNotFound):
        await desk.show(ann, room, [file], client_id="c1")


async def test_what_a_message_shows_is_not_taken_back(desk: Desk, ann: Actor, room: Room) -> None:
    file = await desk.hand_in(ann, room)
    await desk.show(ann, room, [file], client_id="c1")
    with pytest.raises(FileShownAlready):
        await desk.receiving.discard(ann, file.id)
    assert len(desk.kept()) == 1


async def test_taking_back_and_showing_at_once_end_in_one_of_both(desk: Desk, ann: Actor, room: Room) -> None:
    for number in range(5):
        file = await desk.hand_in(ann, room)
        shown, taken = await asyncio.gather(
            desk.show(ann, room, [file], client_id=f"c{number}"),
            desk.receiving.discard(ann, file.id),
            return_exceptions=True,
        )
        assert isinstance(shown, FileNotFound) != isinstance(taken, FileShownAlready)
        assert (object_key(file.id) in desk.kept()) == isinstance(taken, FileShownAlready)


async def test_one_file_that_cannot_be_removed_does_not_keep_the_others(desk: Desk, ann: Actor, room: Room) -> None:
    stuck, other = await desk.hand_in(ann, room), await desk.hand_in(ann, room)
    place = desk.folder / object_key(stuck.id)
    place.unlink()
    (place / "within").mkdir(parents=True)
    desk.talk.clock.advance(1, days=1)
    await desk.receiving.collect()
    assert [path.name for path in desk.folder.iterdir()] == [object_key(stuck.id)]
    assert await desk.used(ann) == stuck.size == other.size


async def test_what_a_crash_leaves_is_collected(desk: Desk, ann: Actor, room: Room) -> None:
    upload = await honest(form(bytes(2000))).upload()
    draft = await desk.talk.transactor.run(
        lambda work: desk.receiving._begin(work, actor=ann, room_id=room.id, upload=upload)
    )
    (desk.folder / object_key(draft.id)).write_bytes(b"half")
    desk.talk.clock.advance(1, days=1)
    assert await desk.receiving.collect() == 1
    assert await nothing_is_kept(desk, ann)
    assert await desk.receiving.collect() == 0


async def test_an_upload_that_was_collected_meanwhile_is_refused(desk: Desk, ann: Actor, room: Room) -> None:
    gate = asyncio.Event()
    task = asyncio.ensure_future(desk.send(ann, room, Sender(form(bytes(2500)), waits_for=gate)))
    while await desk.used(ann) == 0:
        await asyncio.sleep(0.01)
    desk.talk.clock.advance(1, days=1)
    await desk.receiving.collect()
    gate.set()
    with pytest.raises(UploadCut):
        await task
    assert await nothing_is_kept(desk, ann)
