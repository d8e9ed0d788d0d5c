"""Flip a coin until it shows heads: a `while` whose condition is a step."""

import random

from tangentflow import step, workflow


@step
def flip(seed: int, turn: int) -> str:
    return random.Random(1000 * seed + turn).choice(["heads", "tails"])


@step
def cheer(flips: int) -> str:
    return f"it was heads after {flips} flips"


@workflow
def coinflip(seed: int = 3) -> str:
    flips = 1
    while flip(seed, flips) == "tails":
        flips += 1
    return cheer(flips)


if __name__ == "__main__":
    print(coinflip())
