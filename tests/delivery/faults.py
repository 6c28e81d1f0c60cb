"""What goes wrong during a run: frames are lost, connections cut, clients slow, and the server killed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from tests.delivery.town import Town

ACKS_LOST = 0.08
PUSHES_LOST = 0.08
KILL_EVERY_SECONDS = 7.0


def lossy(chance: random.Random, text: str) -> bool:
    """Lose some acknowledgements and pushes.

    Not `rooms.heads`: they say what the socket has not been told yet, for on one connection nothing that is later
    told arrives without them.
    """
    if text.startswith("43"):
        return chance.random() < ACKS_LOST
    return text.startswith('42["') and not text.startswith('42["rooms.heads"') and chance.random() < PUSHES_LOST


async def trouble_network(town: Town) -> None:
    """Cut and stall connections at random, until cancelled."""
    while True:
        await asyncio.sleep(town.chance.uniform(0.2, 1.0))
        device = town.chance.choice(town.devices)
        match town.chance.choice(("cut", "cut", "stall", "cut all")):
            case "cut":
                device.proxy.cut()
            case "stall":
                await device.proxy.stall(town.chance.uniform(0.3, 2.0))
            case "cut all":
                for each in town.devices:
                    each.proxy.cut()


async def kill_server(town: Town, seconds: float) -> int:
    """Kill the server again and again for a while, just after much was sent; return how often it was.

    It dies in turn at any moment, as soon as somebody has heard an acknowledgement, and as soon as somebody was shown
    an event: what is not durable by then is lost. The first restart begins a new epoch, as after a backup, so that
    clients drop what they know; only the first, for that also drops what a client was wrongly told before.
    """

    def answers() -> int:
        return town.intents.answers()

    def shown() -> int:
        return sum(timeline.last for device in town.devices for timeline in device.timelines.values())

    kills = max(3, round(seconds / KILL_EVERY_SECONDS))
    for number in range(kills):
        await asyncio.sleep(seconds / kills * town.chance.uniform(0.5, 1.0))
        for device in town.devices:
            town.say(device, town.chance.randint(1, 6))
        await asyncio.sleep(town.chance.uniform(0.0, 0.25))
        match number % 3:
            case 1:
                await growth(answers)
            case 2:
                await growth(shown)
        await asyncio.to_thread(town.server.kill)
        if number == 0:
            await asyncio.to_thread(town.server.run_command, "epoch")
        await asyncio.to_thread(town.server.start)
    return kills


async def growth(count: Callable[[], int]) -> None:
    """Wait until there is more of something, or there was not for a while."""
    before = count()
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            while count() <= before:
                await asyncio.sleep(0.001)
