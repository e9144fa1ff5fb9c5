"""The tables of the ledger. What may never happen to money is said here, as CHECK constraints.

Times and money are integer micros. Payloads (texts, pixels) are never stored. Rows of `answers`,
`spend`, `transitions` and `events` are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Values
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
)

HEAD = "0007"
"""The revision this code reads and writes; a test compares it with the migrations."""

metadata = MetaData()

# SQLite counts up only in a column of exactly the type INTEGER.
Sequence = BigInteger().with_variant(Integer, "sqlite")


def _campaign(*, primary_key: bool = True) -> Column[str]:
    return Column("campaign", String, primary_key=primary_key, nullable=False)


def _sequence() -> Column[int]:
    return Column("seq", Sequence, primary_key=True, autoincrement=True)


campaigns = Table(
    "campaigns",
    metadata,
    _campaign(),
    Column("name", String, nullable=False),
    Column("config_path", String, comment="the file it was started from, to find it again"),
    Column("base", String, nullable=False, comment="what its relative paths are relative to"),
    Column("created_at", BigInteger, nullable=False),
    Column("round", Integer, nullable=False),
    Column("cursor", Text, comment="where the last poll of the tool stopped"),
    Column("project", JSON, comment="where the campaign lives in the tool"),
    Column("stop_requested", String, comment="'finish' or 'now'"),
    Column("stopped_at", BigInteger),
    Column("stop_kind", String),
    Column("stop_reason", Text),
    Column("blocked_at", BigInteger),
    Column("blocked_reason", Text),
    Column("blocked_remedy", Text),
)

configurations = Table(
    "configurations",
    metadata,
    _campaign(),
    Column("version", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String),
    Column("why", Text),
)

people = Table(
    "people",
    metadata,
    _campaign(),
    Column("person", String, primary_key=True, comment="a pseudonym"),
    Column("role", String, nullable=False),
    Column("pay_unit", String, nullable=False),
    Column("rate_micros", BigInteger, nullable=False),
    Column("capacity", Integer, comment="answers a week"),
    Column("hours", String),
    Column("zone", String),
    Column("retired_at", BigInteger, comment="no new asks; the answers stay"),
    CheckConstraint("pay_unit IN ('answer', 'object', 'hour')"),
    CheckConstraint("rate_micros >= 0"),
)

snapshots = Table(
    "snapshots",
    metadata,
    _campaign(),
    Column("number", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)

items = Table(
    "items",
    metadata,
    _campaign(),
    Column("position", Integer, primary_key=True, comment="row of the pool's arrays"),
    Column("item", String, nullable=False),
    Column("snapshot", Integer, nullable=False),
    Column("group_id", String),
    Column("content_hash", String, nullable=False),
    Column("side", String, nullable=False),
    Column("unlabelable", Boolean, nullable=False, default=False),
    Column("erased_at", BigInteger, comment="a tombstone: asked to be forgotten"),
    UniqueConstraint("campaign", "item"),
    CheckConstraint("side IN ('train', 'control', 'heldout')"),
)

schemas = Table(
    "schemas",
    metadata,
    _campaign(),
    Column("version", Integer, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("at", BigInteger, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    _campaign(),
    Column("number", Integer, primary_key=True),
    Column("state", String, nullable=False),
    Column("snapshot", Integer, nullable=False),
    Column("sent_at", BigInteger, comment="since when people are waited for"),
    Column("repaired_at", BigInteger, comment="when each key last had one live copy"),
    Column("more_wanted", Boolean, nullable=False, default=False),
    Column("manifest", String),
    Column("model_sha256", String),
    Column("items_labeled", Integer),
    Column("agreement", Float, comment="kappa with the predictions of the round before"),
    Column("learned", Integer, comment="labels that the model learned from"),
    Column("changed", Float, comment="share of the predictions that the round changed"),
    Column("gain", Float, comment="accuracy that the model expects to have won by that"),
    Column("uncertainty", Float, comment="mean entropy of what is not labeled, of its maximum"),
)

transitions = Table(
    "transitions",
    metadata,
    _sequence(),
    _campaign(primary_key=False),
    Column("round", Integer, nullable=False),
    Column("step", String, nullable=False),
    Column("before", String, nullable=False),
    Column("after", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_transitions_campaign", "campaign", "seq"),
)

picks = Table(
    "picks",
    metadata,
    _campaign(),
    Column("round", Integer, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("item", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("chance", Float, comment="of being in the batch, where it is known"),
    Column("blind", Boolean, comment="of the slice on which agreement is measured"),
)

asks = Table(
    "asks",
    metadata,
    Column("ask", String, primary_key=True),
    _campaign(primary_key=False),
    Column("item", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("purpose", String, nullable=False),
    Column("state", String, nullable=False),
    Column("price_micros", BigInteger, nullable=False),
    Column("assignee", String),
    Column("assigned_at", BigInteger, comment="since when it has been this person's"),
    Column("upload", String, nullable=False),
    UniqueConstraint("campaign", "item", "ordinal"),
    CheckConstraint("price_micros >= 0"),
    CheckConstraint("state IN ('reserved','sent','answered','skipped','released','expired')"),
    CheckConstraint(
        "purpose IN ('train','control','gold','opinion','adjudicate','relabel','audit')"
    ),
    Index("ix_asks_upload", "upload"),
    Index("ix_asks_state", "campaign", "state"),
    Index("ix_asks_round", "campaign", "round"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("upload", String, primary_key=True),
    _campaign(primary_key=False),
    Column("round", Integer, nullable=False),
    Column("remote_id", String, comment="NULL: intended, not yet confirmed"),
    Column("cancelled_at", BigInteger),
    Index("ix_uploads_campaign", "campaign", "round"),
)

answers = Table(
    "answers",
    metadata,
    _sequence(),
    _campaign(primary_key=False),
    Column("fingerprint", String, nullable=False),
    Column("answer_id", String, nullable=False, comment="one answer through all its versions"),
    Column("supersedes", String, comment="fingerprint of the version before"),
    Column("current", Boolean, nullable=False, comment="the version that counts"),
    Column("item", String, nullable=False),
    Column("ask", String),
    Column("person", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", Text, comment="JSON, see `intake.encode`"),
    Column("schema_version", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("seconds", Float),
    Column("touched_suggestion", Boolean),
    Column("unsolicited", Boolean, nullable=False),
    Column("conflict_with", String, comment="who overwrote it; the author's answer is kept"),
    Column("extra", Text, comment="JSON: what was answered besides, by field"),
    UniqueConstraint("campaign", "fingerprint"),
    CheckConstraint("kind IN ('answer', 'skip', 'tombstone', 'overwrite')"),
    CheckConstraint("source IN ('human', 'imported')"),
    Index("ix_answers_answer", "campaign", "answer_id"),
    Index("ix_answers_item", "campaign", "item"),
)

labels = Table(
    "labels",
    metadata,
    _campaign(),
    Column("item", String, primary_key=True),
    Column("value", Text, comment="JSON, see `intake.encode`"),
    Column("confidence", Float, nullable=False),
    Column("votes", Integer, nullable=False),
    Column("round", Integer, nullable=False, comment="when it was last reconciled"),
    Column("purpose", String, nullable=False),
    Column("source", String, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    _campaign(),
    Column("currency", String, nullable=False),
    Column("cap_answers", BigInteger, nullable=False),
    Column("reserved_answers", BigInteger, nullable=False),
    Column("committed_answers", BigInteger, nullable=False),
    Column("cap_micros", BigInteger, nullable=False),
    Column("reserved_micros", BigInteger, nullable=False),
    Column("committed_micros", BigInteger, nullable=False),
    Column("contingency_micros", BigInteger, nullable=False),
    Column("contingency_used_micros", BigInteger, nullable=False),
    CheckConstraint("committed_answers + reserved_answers <= cap_answers", name="answers_cap"),
    CheckConstraint("committed_micros + reserved_micros <= cap_micros", name="money_cap"),
    CheckConstraint("contingency_used_micros <= contingency_micros", name="contingency_cap"),
    CheckConstraint("reserved_answers >= 0 AND committed_answers >= 0", name="answers_positive"),
    CheckConstraint("reserved_micros >= 0 AND committed_micros >= 0", name="money_positive"),
    CheckConstraint("contingency_used_micros >= 0", name="contingency_positive"),
)

spend = Table(
    "spend",
    metadata,
    _sequence(),
    _campaign(primary_key=False),
    Column("kind", String, nullable=False),
    Column("ask", String),
    Column("answers", BigInteger, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text),
    CheckConstraint(
        "kind IN ('reserve','commit','release','contingency','owed','compute','amend')"
    ),
    Index("ix_spend_campaign", "campaign", "seq"),
    Index("ix_spend_ask", "ask"),
)

leases = Table(
    "leases",
    metadata,
    _campaign(),
    Column("token", BigInteger, nullable=False, comment="grows with every driver"),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", String, nullable=False, comment="tells a pid from its reuse"),
    Column("expires_at", BigInteger, nullable=False, comment="real time, not people's"),
)

events = Table(
    "events",
    metadata,
    _sequence(),
    _campaign(primary_key=False),
    Column("kind", String, nullable=False),
    Column("body", JSON, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Index("ix_events_campaign", "campaign", "seq"),
)

manifests = Table(
    "manifests",
    metadata,
    _campaign(),
    Column("number", Integer, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    _campaign(),
    Column("round", Integer, primary_key=True),
    Column("arm", String, primary_key=True, comment="'campaign', or a baseline such as 'random'"),
    Column("metric", String, primary_key=True),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("bound", Float, comment="lower bound at the error that one test of the target spends"),
    Column("n", Integer, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("committed_answers", BigInteger, nullable=False),
    Column("committed_micros", BigInteger, nullable=False),
)

suggested = Table(
    "suggested",
    metadata,
    _campaign(),
    Column("item", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("value", Text, comment="JSON: what is shown, or would be; null: nothing"),
    Column("score", Float, nullable=False),
    Column("blind", Boolean, nullable=False, comment="nobody is shown it"),
    Column("unsure", Text, comment="JSON: the objects of a blind picture that are too unsure"),
)

gold = Table(
    "gold",
    metadata,
    _campaign(),
    Column("item", String, primary_key=True),
    Column("value", Text, comment="JSON: the answer that is known; NULL: not ruled yet"),
    Column("origin", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("origin IN ('file', 'imported', 'adjudicated')"),
)

pseudo_rounds = Table(
    "pseudo_rounds",
    metadata,
    _campaign(),
    Column("round", Integer, primary_key=True),
    Column("version", Integer, nullable=False, comment="of the configuration that held"),
    Column("used", Boolean, nullable=False, comment="the round's model learned from them"),
    Column("stopped", Boolean, nullable=False, comment="an audit spoke against them: off for good"),
    Column("reason", Text, nullable=False, comment="why they are not used, or weigh less"),
    Column("proposed", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("confidence", Float, comment="mean of what is claimed of those proposed"),
    Column("weight", Float, comment="mean, beside a person's label, which weighs 1"),
    Column("with_them", Float, comment="cross-validated accuracy on people's labels"),
    Column("without_them", Float),
    Column("people_sha256", String, nullable=False, comment="model of people's labels alone"),
    Column("digest", String, comment="of the file of those that were taken"),
)

audits = Table(
    "audits",
    metadata,
    _campaign(),
    Column("round", Integer, primary_key=True, comment="when it was drawn"),
    Column("item", String, primary_key=True),
    Column("claimed_in", Integer, nullable=False, comment="the round that made the pseudo-label"),
    Column("claimed", Text, nullable=False, comment="JSON, see `intake.encode`"),
    Column("confidence", Float, nullable=False),
)

log_points = Table(
    "log_points",
    metadata,
    _campaign(),
    Column("round", Integer, primary_key=True, comment="-1: the campaign's own run"),
    Column("series", String, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("value", Float, nullable=False),
    Column("tried", Boolean, nullable=False, default=False, comment="may be there already"),
    Column("logged", Boolean, nullable=False, default=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    _sequence(),
    _campaign(primary_key=False),
    Column("where_found", String, nullable=False),
    Column("item", String),
    Column("reason", Text, nullable=False),
    Column("body", JSON, comment="what came, when it was an answer: nothing is lost"),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("campaign", "where_found", "reason"),
)

CAMPAIGN: BindParameter[str] = bindparam("of_campaign")
ROUND: BindParameter[int] = bindparam("of_round")
THESE: BindParameter[Any] = bindparam("these", expanding=True)
"""What a statement asks for that is built once, beside the function that sends it: building one
takes ten times as long as sending it."""


_MOST_VALUES = 500  # SQLite takes a bounded number of parameters
T = TypeVar("T")


def of(campaign: str, number: int | None = None, **more: Any) -> dict[str, Any]:
    """Return the values of `CAMPAIGN`, of `ROUND` where a number is given, and of `more`."""
    return {"of_campaign": campaign} | ({} if number is None else {"of_round": number}) | more


def chunks(values: Values[T]) -> Iterator[Values[T]]:
    """Cut what `THESE` stands for into lists that one statement takes."""
    return (values[at : at + _MOST_VALUES] for at in range(0, len(values), _MOST_VALUES))
