"""Statements of campaigns at every stage, made by hand."""

from __future__ import annotations

import math
from typing import Any

from auto_labeling.campaign.budget import Account
from auto_labeling.campaign.rounds import CampaignState, RoundState, next_step
from auto_labeling.campaign.statement import CurvePoint, PersonLine, RoundLine, Statement
from auto_labeling.campaign.suggestion_account import ObjectsLine, SuggestionLine
from auto_labeling.records import Interval

START = 1_783_000_000_000_000
HOUR = 3_600_000_000
CONFIGURATION: dict[str, Any] = {
    "name": "digits",
    "quality": {"overlap": 3, "consensus": {"kind": "majority"}},
    "stop": {"target": {"metric": "accuracy", "at_least": 0.9}, "max_rounds": 20},
    "privacy": {"payloads": "plain"},
}
BATCH, OVERLAP, PRICE, JUDGED_ON = 20, 3, 50_000, 450


def digest(seed: int) -> str:
    """Return 64 hex digits that look like a sha256."""
    return f"{seed * 0x9E3779B97F4A7C15 % 16**16:016x}" * 4


def account(**changes: Any) -> Account:
    whole: dict[str, Any] = {
        "currency": "USD",
        "cap_answers": 1200,
        "reserved_answers": 0,
        "committed_answers": 0,
        "cap_micros": 57_000_000,
        "reserved_micros": 0,
        "committed_micros": 0,
        "contingency_micros": 3_000_000,
        "contingency_used_micros": 0,
        "owed_micros": 0,
    }
    return Account(**(whole | changes))


def statement(**changes: Any) -> Statement:
    """Return the statement of a campaign that has only been created, but for what is named."""
    whole: dict[str, Any] = {
        "campaign_id": "digits-0badcafe",
        "name": "digits",
        "state": CampaignState(round=1, state=RoundState.PLANNED),
        "created_at": START,
        "stopped_at": None,
        "budget": account(),
        "items": {"pool": 1347, "train": 1347, "control": 0, "heldout": 0, "labeled": 0,
                  "undecided": 0, "unlabelable": 0},
        "asks": {},
        "answers": {"given": 0, "skipped": 0, "deleted": 0, "edited": 0, "unsolicited": 0,
                    "conflicts": 0},
        "rounds": [round_line(1, state="planned", bought=False)],
        "curve": [],
        "people": [],
        "quarantine": [],
        "manifests": [],
        "snapshots": [(1, digest(1), 1347)],
        "configuration": CONFIGURATION,
        "amendments": [],
        "judged_against": None,
    }  # fmt: skip
    whole |= changes
    return Statement(next_step=next_step(whole["state"]), **whole)


def round_line(number: int, *, state: str = "evaluated", bought: bool = True) -> RoundLine:
    return RoundLine(
        number=number,
        state=state,
        asked=BATCH * OVERLAP if bought else 0,
        answered=BATCH * OVERLAP - 1 if bought else 0,
        skipped=1 if bought else 0,
        paid_micros=(BATCH * OVERLAP - 1) * PRICE if bought else 0,
        items_labeled=BATCH * number if bought else None,
        manifest=digest(100 + number) if bought else None,
        model=digest(200 + number) if bought else None,
    )


def point(
    number: int, metric: str = "accuracy", arm: str = "campaign", /, **changes: Any
) -> CurvePoint:
    """Return a figure as it comes after so many rounds; the random arm learns more slowly."""
    speed = 0.36 if arm == "campaign" else 0.24
    value = 0.955 - 0.62 * math.exp(-speed * number) + 0.006 * math.sin(2.3 * number)
    if metric == "log_loss":
        value = 1.9 * math.exp(-speed * number) + 0.21
    spread = math.sqrt(value * abs(1 - value) / JUDGED_ON) + 0.004
    answers = (BATCH * OVERLAP - 1) * number
    whole: dict[str, Any] = {
        "round": number,
        "arm": arm,
        "metric": metric,
        "interval": Interval(
            value=value, low=value - 2.1 * spread, high=value + 1.8 * spread, n=JUDGED_ON
        ),
        "bound": value - 2.9 * spread,
        "items": BATCH * number,
        "answers": answers,
        "cost_micros": answers * PRICE,
    }
    return CurvePoint(**(whole | changes))


def person(number: int, **changes: Any) -> PersonLine:
    whole: dict[str, Any] = {
        "person": f"person-{number}",
        "answers": 170 + 7 * number,
        "skips": number,
        "unsolicited": number % 2,
        "edits": 2 * number,
        "seconds": 4000.0 + 1300 * number,
        "agreement": 0.8 + 0.03 * number,
    }
    return PersonLine(**(whole | changes))


def full(
    rounds: int = 15, arms: tuple[str, ...] = ("campaign", "random"), /, **changes: Any
) -> Statement:
    """Return a campaign that reached its target: 15 rounds, and a random arm beside it."""
    answers = (BATCH * OVERLAP - 1) * rounds
    last = point(rounds)
    stopped = CampaignState(
        round=rounds,
        state=RoundState.STOPPED,
        has_model=True,
        stop_kind="target",
        stop_reason=(
            f"target reached: accuracy is at least {100 * last.bound:.1f}% "
            f"({100 * last.interval.value:.1f}% on {JUDGED_ON} items; target 90.0%)"
        ),
    )
    whole: dict[str, Any] = {
        "state": stopped,
        "stopped_at": START + 53 * HOUR,
        "budget": account(
            committed_answers=answers,
            committed_micros=answers * PRICE,
            contingency_used_micros=400_000,
        ),
        "items": {"pool": 1347, "train": 1347, "control": 0, "heldout": 0,
                  "labeled": BATCH * rounds, "undecided": 4, "unlabelable": 2},
        "asks": {"answered": answers, "skipped": 15, "released": 6, "expired": 3},
        "answers": {"given": answers + 3, "skipped": 15, "deleted": 1, "edited": 31,
                    "unsolicited": 9, "conflicts": 2},
        "rounds": [round_line(number) for number in range(1, rounds + 1)],
        "curve": [point(n, "accuracy", arm) for n in range(1, rounds + 1) for arm in arms],
        "people": [person(number) for number in range(1, 6)],
        "quarantine": [
            ("digits.npy row 17", "17", "a feature is not a finite number"),
            ("digits.npy row 40", "40", "a feature is not a finite number"),
            ("answer 8812", "911", "the class 'eleven' is not in the schema"),
        ],
        "manifests": [
            (number, number, digest(100 + number), BATCH * number)
            for number in range(1, rounds + 1)
        ],
        "amendments": [(2, "ada", "the cap was too low for the night shift", START + 20 * HOUR)],
        "judged_against": "held-out labels",
    }  # fmt: skip
    return statement(**(whole | changes))


def waiting(**changes: Any) -> Statement:
    """Return a campaign in its fourth round, with people at work."""
    state = CampaignState(
        round=4, state=RoundState.SENT, has_model=True, open_asks=23, waiting_since=START + HOUR
    )
    done = (BATCH * OVERLAP - 1) * 3
    whole: dict[str, Any] = {
        "state": state,
        "stopped_at": None,
        "budget": account(
            committed_answers=done + 37,
            committed_micros=(done + 37) * PRICE,
            reserved_answers=23,
            reserved_micros=23 * PRICE,
        ),
        "rounds": [*(round_line(n) for n in (1, 2, 3)), round_line(4, state="sent", bought=False)],
        "asks": {"answered": done + 37, "sent": 23},
    }
    return full(3, **(whole | changes))


def blocked(**changes: Any) -> Statement:
    """Return a campaign whose token was refused in its third round, judged on a control slice."""
    state = CampaignState(
        round=3,
        state=RoundState.RESERVED,
        has_model=True,
        open_asks=60,
        blocked_reason="the labeling tool refused the token",
        blocked_remedy="Renew the token in LABEL_STUDIO_TOKEN, then run `auto-label doctor`",
    )
    whole: dict[str, Any] = {
        "state": state,
        "stopped_at": None,
        "amendments": [],
        "judged_against": "consensus on the control slice",
        "rounds": [round_line(1), round_line(2), round_line(3, state="reserved", bought=False)],
    }
    return full(2, ("campaign",), **(whole | changes))


def suggestion_line(**changes: Any) -> SuggestionLine:
    """Return what became of 400 objects on 90 pictures, with ten pictures of the blind share."""
    whole: dict[str, Any] = {
        "shown": 90,
        "blind": 10,
        "suggested": 400,
        "agreed": 0.85,
        "blind_agreed": 0.8,
        "anchoring": Interval(value=0.05, low=-0.01, high=0.11, n=10),
        "seconds": 12.34,
        "blind_seconds": 41.0,
        "objects": ObjectsLine(
            accepted=300,
            adjusted=60,
            relabeled=8,
            deleted=32,
            drawn=21,
            saved=Interval(value=28.66, low=25.0, high=31.25, n=90),
        ),
    }
    return SuggestionLine(**(whole | changes))


def drawn(line: SuggestionLine | None = None, **changes: Any) -> Statement:
    """Return a campaign of boxes, judged by mAP."""
    whole: dict[str, Any] = {
        "configuration": {"labels": {"task": "boxes", "classes": ["cat", "dog"]}},
        "curve": [point(number, "map50") for number in (1, 2)],
        "objects": {"cat": 1200, "dog": 300},
        "reviewed": lambda: line,
    }
    return full(2, ("campaign",), **(whole | changes))
