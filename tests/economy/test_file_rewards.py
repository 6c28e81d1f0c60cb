"""Files that are shared and opened earn what the rules say: from the upload to the wallet, on both engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from app.core.actor import Actor
from app.main import Guildhall
from tests.harness.application import Person, errands_done

People = Callable[..., Awaitable[Person]]


@dataclass(frozen=True, slots=True)
class Hall:
    """Ann's room, its rewards so far paid."""

    app: Guildhall
    ann: Person
    room_id: str

    async def share(self, content: bytes, body: str = "") -> str:
        sent = {"params": {"room_id": self.room_id}, "files": {"file": ("note.txt", content)}}
        file_id = str((await self.ann.api.post("/api/files", **sent, expect=201))["id"])
        actor = Actor(int(self.ann.id), "ann", is_admin=False, session_id=1)
        await self.app.transactor.run(
            lambda work: self.app.chat.post(
                work, actor, int(self.room_id), client_id=f"c-{file_id}", body=body, file_ids=[int(file_id)]
            )
        )
        await errands_done(self.app)
        return file_id

    async def earned(self) -> dict[str, list[str]]:
        """What Ann was paid, by activity, newest first."""
        entries = (await self.ann.api.get("/api/tokens/history/me", params={"limit": "100"}))["entries"]
        paid: dict[str, list[str]] = {}
        for entry in entries:
            paid.setdefault(entry["reason"], []).append(entry["amount"])
        return paid


@pytest.fixture
async def hall(app: Guildhall, person: People) -> Hall:
    ann = await person("ann")
    room = await ann.room()
    await errands_done(app)
    return Hall(app, ann, room["id"])


async def test_sharing_pays_for_each_content_once_and_up_to_the_cap(hall: Hall) -> None:
    await hall.share(b"first")
    assert (await hall.earned())["share_file"] == ["+3"]
    assert "send_message" not in await hall.earned()
    await hall.share(b"first", "the same again, with a word")
    assert (await hall.earned())["share_file"] == ["+3"]
    assert len((await hall.earned())["send_message"]) == 1
    for number in range(11):
        await hall.share(f"another {number}".encode())
    assert (await hall.earned())["share_file"] == ["+3"] * 10


async def test_the_tenth_person_to_open_a_file_pays_its_author_once(hall: Hall, person: People) -> None:
    file_id = await hall.share(b"worth a look")
    opened = f"/api/files/{file_id}/opened"
    guests = [await person(f"guest{number}") for number in range(11)]
    for number, guest in enumerate(guests):
        await guest.join(hall.room_id)
        for _ in range(2):
            await guest.api.post(opened, expect=204)
        await hall.ann.api.post(opened, expect=204)
        await errands_done(hall.app)
        assert (await hall.earned()).get("media_shared", []) == ([] if number < 9 else ["+2"])
