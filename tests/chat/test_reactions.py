"""Reactions and helpful votes: once for each person, counted under the room's lock, told whole; on both engines."""

from __future__ import annotations

import asyncio

import pytest

from app.chat import feedback_store
from app.chat.errors import NotAMember, OwnMessage, ReactionLimitReached
from app.chat.events import MessageReacted, MessageVotedHelpful, RoomChanged
from app.chat.model import PEOPLE_NAMED, Author, Choice, Feedback, Helpful, Message, Reaction, Room
from app.chat.policy import REACTIONS_MAX
from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from tests.chat.talk import Talk
from tests.harness.fakes import RecordedFacts

MANY = [chr(0x1F600 + number) for number in range(REACTIONS_MAX + 1)]
GIFT = {"kind": "gift", "recipient_id": "", "amount": "1", "symbol": "SCT", "note": ""}


@pytest.fixture
async def said(talk: Talk, ann: Actor, room: Room) -> Message:
    """A message of Ann's; the head is 4."""
    return (await talk.post(ann, room)).message


async def crowd(talk: Talk, room: Room, size: int) -> list[Actor]:
    people = [await talk.person(f"guest{number}") for number in range(size)]
    for person in people:
        await talk.join(person, room)
    return people


def named(actor: Actor) -> Author:
    return Author(actor.id, actor.username)


async def seen(talk: Talk, actor: Actor, room: Room) -> Feedback | None:
    """The feedback of the room's last message, as this person reads it."""
    return (await talk.messages(actor, room))[-1].feedback


async def test_a_reaction_is_stored_told_and_seen(
    talk: Talk, ann: Actor, ben: Actor, room: Room, said: Message, facts: RecordedFacts
) -> None:
    facts.shown.clear()
    given = await talk.react(ben, said, "❤")
    expected = Feedback(
        said.id, 5, (Reaction("❤️", 1, (named(ben),)),), Helpful(0, ()), Choice(ben.id, ("❤️",), helpful=False)
    )
    assert (given.feedback, given.seq) == (expected, 5)
    changed, reacted = facts.shown
    assert isinstance(changed, RoomChanged)
    assert (changed.event.kind, changed.event.seq, changed.event.feedback) == ("reaction.changed", 5, expected)
    assert (changed.event.message, changed.event.room, changed.event.actor) == (None, None, named(ben))
    assert reacted == MessageReacted(said.id, room.id, ann.id, ben.id, 1, talk.clock.now_ms())
    assert await seen(talk, ben, room) == expected
    for_ann = await seen(talk, ann, room)
    assert for_ann is not None
    assert (for_ann.reactions, for_ann.choice) == (expected.reactions, Choice(ann.id, (), helpful=False))


async def test_asking_again_changes_nothing(talk: Talk, ben: Actor, said: Message, facts: RecordedFacts) -> None:
    first = await talk.react(ben, said)
    await talk.vote(ben, said)
    told = len(facts.shown)
    again = await talk.react(ben, said)
    assert (again.feedback.reactions, again.seq) == (first.feedback.reactions, 6)
    assert (await talk.vote(ben, said)).feedback.helpful.count == 1
    gone = await talk.react(ben, said, on=False)
    assert (gone.feedback.reactions, gone.seq) == ((), 7)
    assert (await talk.react(ben, said, on=False)).seq == 7
    assert (await talk.vote(ben, said, on=False)).feedback.helpful.count == 0
    assert (await talk.vote(ben, said, on=False)).seq == 8
    assert len(facts.shown) == told + 2


async def test_several_by_one_person_stand_in_the_order_of_their_first(
    talk: Talk, ann: Actor, ben: Actor, room: Room, said: Message, facts: RecordedFacts
) -> None:
    for actor, emoji in ((ben, "🎉"), (ben, "👍"), (ann, "👍"), (ann, "🎉")):
        await talk.react(actor, said, emoji)
    feedback = await seen(talk, ben, room)
    assert feedback is not None
    assert [(one.emoji, one.people) for one in feedback.reactions] == [
        ("🎉", (named(ben), named(ann))),
        ("👍", (named(ben), named(ann))),
    ]
    assert feedback.choice.emojis == ("🎉", "👍")
    # One person with two emoji is one; the author's own applause earns nothing and is nobody's business.
    assert [fact.people for fact in facts.shown if isinstance(fact, MessageReacted)] == [1, 1]


async def test_a_message_has_so_many_different_reactions(talk: Talk, ann: Actor, ben: Actor, said: Message) -> None:
    for emoji in MANY[:REACTIONS_MAX]:
        await talk.react(ben, said, emoji)
    with pytest.raises(ReactionLimitReached) as refused:
        await talk.react(ann, said, MANY[-1])
    assert refused.value.data == {"limit": REACTIONS_MAX}
    assert (await talk.react(ann, said, MANY[0])).feedback.reactions[0].count == 2
    await talk.react(ben, said, MANY[1], on=False)
    assert (await talk.react(ann, said, MANY[-1])).feedback.reactions[-1].emoji == MANY[-1]


async def test_the_first_are_named_and_all_are_counted(
    talk: Talk, ann: Actor, ben: Actor, room: Room, said: Message
) -> None:
    people = await crowd(talk, room, PEOPLE_NAMED + 1)
    for person in people:
        await talk.react(person, said)
        await talk.vote(person, said)
    feedback = await seen(talk, people[-1], room)
    assert feedback is not None
    first = tuple(map(named, people[:PEOPLE_NAMED]))
    assert feedback.reactions == (Reaction("👍", PEOPLE_NAMED + 1, first),)
    assert feedback.helpful == Helpful(PEOPLE_NAMED + 1, first)
    assert feedback.choice == Choice(people[-1].id, ("👍",), helpful=True)


async def test_a_vote_is_one_of_each_other_person(
    talk: Talk, ann: Actor, ben: Actor, room: Room, said: Message, facts: RecordedFacts
) -> None:
    given = await talk.vote(ben, said)
    assert (given.feedback.helpful, given.feedback.choice.helpful) == (Helpful(1, (named(ben),)), True)
    (fact,) = (fact for fact in facts.shown if isinstance(fact, MessageVotedHelpful))
    assert fact == MessageVotedHelpful(said.id, room.id, ann.id, ben.id, 1, talk.clock.now_ms())
    assert (await talk.events(ann, room))[-1].kind == "helpful.changed"
    for on in (True, False):
        with pytest.raises(OwnMessage):
            await talk.vote(ann, said, on=on)


async def test_people_who_come_at_once_are_counted_one_after_another(
    talk: Talk, room: Room, said: Message, facts: RecordedFacts
) -> None:
    people = await crowd(talk, room, 6)
    await asyncio.gather(
        *(talk.react(person, said) for person in people), *(talk.vote(person, said) for person in people)
    )
    for kind in (MessageReacted, MessageVotedHelpful):
        assert sorted(fact.people for fact in facts.shown if isinstance(fact, kind)) == [1, 2, 3, 4, 5, 6]


async def test_the_same_reaction_at_the_same_moment_is_one(talk: Talk, ben: Actor, room: Room, said: Message) -> None:
    given = await asyncio.gather(*(talk.react(ben, said) for _ in range(4)))
    assert {one.seq for one in given} == {5}
    assert [event.kind for event in await talk.events(ben, room)][4:] == ["reaction.changed"]


async def test_what_is_refused_changes_nothing(talk: Talk, ann: Actor, ben: Actor, room: Room, said: Message) -> None:
    stranger = await talk.person("stranger")
    unknown = Message(1, room.id, 1, "c", named(ann), "x", 0)
    for actor, message, emoji, refusal in (
        (ben, unknown, "👍", NotFound),
        (stranger, said, "👍", NotAMember),
        (ben, said, "no", Invalid),
    ):
        with pytest.raises(refusal):
            await talk.react(actor, message, emoji)
    with pytest.raises(NotFound):
        await talk.vote(ben, unknown)
    with pytest.raises(NotAMember):
        await talk.vote(stranger, said)
    await talk.leave(ben, room)
    with pytest.raises(NotAMember):
        await talk.react(ben, said)
    assert (await seen(talk, ann, room), (await talk.open(ann, room)).room.head) == (None, 5)


async def test_pages_and_catching_up_carry_it_for_whoever_reads(
    talk: Talk, ann: Actor, ben: Actor, room: Room, said: Message
) -> None:
    other = (await talk.post(ben, room, "another")).message
    await talk.react(ben, said)
    await talk.react(ann, other, "🎉")
    await talk.vote(ann, other)
    for page in (await talk.page(ann, room), await talk.page(ann, room, after=0), await talk.page(ann, room, limit=1)):
        feedback = page.messages[-1].feedback
        assert feedback is not None
        assert (feedback.message_id, feedback.choice) == (other.id, Choice(ann.id, ("🎉",), helpful=True))
    before = (await talk.page(ann, room, before=other.seq)).messages[-1].feedback
    assert before is not None
    assert before.choice == Choice(ann.id, (), helpful=False)
    synced = (await talk.sync(ben, room, 3)).events
    assert [event.kind for event in synced] == [
        "message.posted", "message.posted", "reaction.changed", "reaction.changed", "helpful.changed",
    ]  # fmt: skip
    posted, of_other, reacted, *rest = synced
    assert posted.message is not None
    assert of_other.message is not None
    assert (posted.message.feedback, of_other.message.feedback) == (reacted.feedback, rest[0].feedback)
    assert reacted.feedback is not None
    assert reacted.feedback.choice == Choice(ben.id, ("👍",), helpful=False)
    assert rest[0].feedback == rest[1].feedback


async def test_a_page_costs_the_same_however_much_there_is(
    talk: Talk, ann: Actor, ben: Actor, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        message = (await talk.post(ann, room, f"{number}")).message
        await talk.react(ben, message)
    read, count = feedback_store.on_messages, 0

    async def counted(*arguments: object) -> dict[int, Feedback]:
        nonlocal count
        count += 1
        return await read(*arguments)  # type: ignore[arg-type]  # what it is called with is passed on

    monkeypatch.setattr(feedback_store, "on_messages", counted)
    assert all(message.feedback for message in await talk.messages(ben, room))
    assert count == 1


async def test_a_card_takes_reactions_that_earn_nothing(
    talk: Talk, ann: Actor, ben: Actor, room: Room, facts: RecordedFacts
) -> None:
    posted = await talk.post_card(ann, room, GIFT | {"recipient_id": str(ben.id)})
    assert posted is not None
    await talk.react(ben, posted.message)
    await talk.vote(ben, posted.message)
    assert not [fact for fact in facts.shown if isinstance(fact, MessageReacted | MessageVotedHelpful)]
    feedback = await seen(talk, ben, room)
    assert feedback is not None
    assert feedback.choice == Choice(ben.id, ("👍",), helpful=True)
