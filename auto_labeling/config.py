"""The campaign file: what a person writes in YAML, checked key by key before anything is bought."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from auto_labeling import backends, embedders, models, pool, quality, selection
from auto_labeling.building import build, build_kind, refuse_below
from auto_labeling.errors import ConfigurationError
from auto_labeling.models.sklearn import LogisticRegression
from auto_labeling.money import Price, micros, most_objects, price_for, upper_seconds
from auto_labeling.pool.source import Source
from auto_labeling.ports import (
    BackendSettings,
    Consensus,
    EmbedderSettings,
    ModelSettings,
    StoppingRule,
)
from auto_labeling.preannotation.settings import Preannotate
from auto_labeling.quality_plan import Quality
from auto_labeling.records import LabelSchema
from auto_labeling.selection import Selection, selection_of
from auto_labeling.semi_supervised.settings import SemiSupervised
from auto_labeling.shares import Share, share
from auto_labeling.strategies import stopping
from auto_labeling.strategies.stopping.limits import MaxRounds

SCHEMA_VERSION = 1
_MOST_ANSWERS = 10**9
_MOST_MICROS = 9 * 10**18  # beyond it, a cap leaves the 64 bits of a ledger column
KINDS: dict[Any, Mapping[str, type]] = {
    BackendSettings: backends.TABLE,
    Consensus: quality.TABLE,
    EmbedderSettings: embedders.TABLE,
    ModelSettings: models.TABLE,
    **selection.KINDS,
    Source: pool.TABLE,
}
FIXED = ("schema_version", "name", "labels", "pool", "labeled", "embedder", "backend", "seed")
"""What a running campaign cannot change: the identity of its data, its task and its tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent. The caps govern what is asked for."""

    answers: int
    money: str | None = None
    currency: str = "USD"
    price: str = "0"
    """Of one answer, where `people` says nothing else."""
    contingency: Share = "0%"
    """Share of the money set apart for costs that are known only afterwards."""

    def __post_init__(self) -> None:
        refuse_below(1, self.answers, "budget.answers")
        if self.answers > _MOST_ANSWERS:
            raise ConfigurationError(
                f"budget.answers: expected at most {_MOST_ANSWERS:,}, got {self.answers:,}"
            )
        for name in ("money", "price"):
            _money(f"budget.{name}", getattr(self, name))
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise ConfigurationError(
                f"budget.currency: expected an ISO code such as USD, got {self.currency!r}"
            )
        if self.contingency_share == 1:
            raise ConfigurationError(
                "budget.contingency: expected less than 100%, or nothing is left to ask with"
            )

    @property
    def contingency_share(self) -> Fraction:
        """The share of the money that is set apart."""
        return share("budget.contingency", self.contingency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """What one person is paid: exactly one of the three."""

    answer: str | None = None
    object: str | None = None
    hour: str | None = None

    def __post_init__(self) -> None:
        given = [unit for unit in ("answer", "object", "hour") if getattr(self, unit) is not None]
        if len(given) != 1:
            raise ConfigurationError(
                f"people.pay: expected exactly one of answer, object, hour, got {given}"
            )
        _money(f"people.pay.{given[0]}", getattr(self, given[0]))

    @property
    def unit(self) -> Literal["answer", "object", "hour"]:
        """By what this person is paid."""
        if self.answer is not None:
            return "answer"
        return "object" if self.object is not None else "hour"

    @property
    def rate_micros(self) -> int:
        """The price of one unit."""
        return micros(getattr(self, self.unit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who answers."""

    user: str
    role: Literal["annotator", "senior", "adjudicator"] = "annotator"
    pay: Pay | None = None
    capacity: str | None = None
    """Such as 400/week."""
    hours: str | None = None
    tz: str = "UTC"

    def __post_init__(self) -> None:
        if self.capacity is not None and not re.fullmatch(r"\d{1,9}/week", self.capacity):
            raise ConfigurationError(
                f"people.capacity: expected a figure such as 400/week, got {self.capacity!r}"
            )
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigurationError(
                f"people.tz: expected an IANA zone such as Europe/Paris, got {self.tz!r}"
            ) from error

    @property
    def answers_a_week(self) -> int | None:
        """How many answers this person gives in a week, at most."""
        return None if self.capacity is None else int(self.capacity.removesuffix("/week"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """When to stop waiting for people, and what becomes of the rest."""

    enough: Share = "100%"
    after: str | None = None
    rest: Literal["release", "reissue"] = "release"
    reassign: str | None = None
    """After how long work that its person has not begun goes to somebody else: 2 workdays."""
    poll_s: float = 60.0

    def __post_init__(self) -> None:
        share("wait.enough", self.enough)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How the model is judged."""

    metrics: tuple[str, ...] = ("accuracy",)
    control: float = 0.2
    """Share of each batch that only judges, where there is no held-out set."""
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if not self.metrics:
            raise ConfigurationError("evaluation.metrics: expected at least one, got none")
        if not 0 < self.control < 1:
            raise ConfigurationError(
                f"evaluation.control: expected a share in (0, 1), got {self.control}"
            )
        if not 0 < self.alpha < 0.5:
            raise ConfigurationError(f"evaluation.alpha: expected (0, .5), got {self.alpha}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What may be seen where."""

    payloads: Literal["plain", "sealed"] = "plain"
    people: Literal["pseudonyms"] = "pseudonyms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Where curves are mirrored to."""

    kind: Literal["mlflow", "none"] = "mlflow"
    uri: str | Mapping[str, str] | None = None
    """An address, or a reference to one, such as {env: NAME}, where it has a password in it."""
    experiment: str = "auto-label"

    def __post_init__(self) -> None:
        if isinstance(self.uri, str) and re.match(r"[^/]*://[^/@]*:[^/]*@", self.uri):
            raise ConfigurationError(
                "tracking.uri: expected no password in it, for what a campaign file says is kept; "
                "put the address into a variable or a file, and write {env: NAME} or {file: PATH}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignConfig:
    """One campaign, as configured."""

    name: str
    labels: LabelSchema
    pool: tuple[Source, ...]
    budget: Budget
    backend: BackendSettings
    schema_version: int = SCHEMA_VERSION
    labeled: tuple[Source, ...] = ()
    model: ModelSettings = field(default_factory=LogisticRegression)
    embedder: EmbedderSettings | None = None
    """What makes of texts or pictures what is learned from; None: the features of the pool are."""
    strategy: Selection = field(default_factory=Selection)
    people: tuple[Person, ...] = ()
    preannotate: Preannotate | None = None
    """None: people see no suggestions."""
    semi_supervised: SemiSupervised | None = None
    """None: models learn from labels of people alone; `none` says the same."""
    quality: Quality = field(default_factory=Quality)
    evaluation: Evaluation = field(default_factory=Evaluation)
    stop: tuple[StoppingRule, ...] = ()
    wait: Wait = field(default_factory=Wait)
    privacy: Privacy = field(default_factory=Privacy)
    tracking: Tracking = field(default_factory=Tracking)
    baseline: Literal["random"] | None = None
    """An arm that is replayed free of charge beside the campaign, where the tool is simulated."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]{1,60}", self.name):
            raise ConfigurationError(
                f"name: expected 1 to 60 letters, digits, dots or dashes, got {self.name!r}"
            )
        tasks = getattr(self.model, "tasks", ("single", "multi"))
        if self.learns and self.labels.task not in tasks:
            # Better said now than paid for.
            raise ConfigurationError(
                f"model: it learns {', '.join(tasks)}, and labels.task is {self.labels.task!r}; "
                "`model: {kind: none}` buys labels without one"
            )
        if not self.learns and self.preannotate is not None:
            raise ConfigurationError("preannotate: without a model nothing can be suggested")
        named = getattr(self.preannotate, "thresholds", "by_cost")
        if not isinstance(named, str) and (strange := set(named) - set(self.labels.classes)):
            raise ConfigurationError(
                f"preannotate.thresholds: expected classes of labels.classes, got {sorted(strange)}"
            )
        if self.semi_supervised is not None:
            self._expect_pseudo_labels()
        if self.budget.money is None and self.budget.answers * dearest_answer(self) > _MOST_MICROS:
            raise ConfigurationError(
                "budget.money: expected a cap, because so many answers at such a price cost more "
                "than can be counted; got none"
            )
        refuse_below(0, self.seed, "seed")
        logins = [person.user for person in self.people]
        if len(set(logins)) != len(logins):
            raise ConfigurationError(f"people: a user is named twice in {logins}")
        self._expect_named(logins)

    def _expect_pseudo_labels(self) -> None:
        """Raise `ConfigurationError` where nothing could be learned from pseudo-labels."""
        if self.labels.task != "single":
            raise ConfigurationError(
                "semi_supervised: it learns items of one class each, and labels.task is "
                f"{self.labels.task!r}; leave it out"
            )
        if not self.learns:
            raise ConfigurationError("semi_supervised: without a model nothing is learned")
        if self.reads_pictures:
            raise ConfigurationError(
                "semi_supervised: it needs features of the items, and this model reads pictures "
                "only; leave it out, or choose another model"
            )

    def _expect_named(self, logins: Sequence[str]) -> None:
        """Raise `ConfigurationError` for people of `quality` whom `people` does not name."""
        plan = self.quality.agreement
        for key, users in (
            ("adjudicators", self.quality.adjudicators),
            ("agreement.raters", () if plan is None else plan.raters),
        ):
            if strangers := sorted(set(users) - set(logins)):
                raise ConfigurationError(
                    f"quality.{key}: expected users of `people`, got {strangers}; name them there"
                )
        role = self.quality.overlap.include
        if role is not None and role not in {person.role for person in self.people}:
            raise ConfigurationError(
                f"quality.overlap.include: expected a role that somebody of `people` has, got "
                f"{role!r}; name one there"
            )

    @property
    def learns(self) -> bool:
        """Whether there is a model."""
        return bool(getattr(self.model, "learns", True))

    @property
    def reads_pictures(self) -> bool:
        """Whether the model looks at the pictures themselves instead of features."""
        return getattr(self.model, "reads", "features") == "pictures"

    @property
    def max_rounds(self) -> int:
        """How many times a target may be tested: what its error is spent over."""
        limits = [rule.rounds for rule in self.stop if isinstance(rule, MaxRounds)]
        return min(limits, default=50)


def parse(raw: Mapping[str, Any]) -> CampaignConfig:
    """Return the campaign that a mapping, as YAML gives it, describes."""
    if not isinstance(raw, Mapping):
        raise ConfigurationError(f"the campaign file: expected keys and values, got {raw!r}")
    _check_version(raw.get("schema_version", SCHEMA_VERSION))
    rest = dict(raw)
    stop = rest.pop("stop", None) or {}
    chosen = rest.pop("strategy", None)
    if rest.get("semi_supervised") in ("none", {"kind": "none"}):
        del rest["semi_supervised"]
    config: CampaignConfig = build(CampaignConfig, rest, "", KINDS)
    extras: dict[str, Any] = {"stop": stopping.rules_from(stop)}
    if chosen is not None:
        extras["strategy"] = selection_of(chosen)
    if "consensus" not in (rest.get("quality") or {}):
        extras["quality"] = replace(config.quality, consensus=quality.usual(config.labels))
    if config.labels.is_drawn and "metrics" not in (rest.get("evaluation") or {}):
        extras["evaluation"] = replace(config.evaluation, metrics=("map50",))
    config = replace(config, **extras)
    return replace(config, strategy=config.strategy.bounded(config.labels))


def source(given: object) -> Source:
    """Return the source that a mapping such as `{kind: table, path: more.csv}` describes."""
    made: Source = build_kind(pool.TABLE, given, "pool", KINDS)
    return made


def prices(
    config: CampaignConfig,
    *,
    objects_upper: int | None = None,
    seconds_upper: float | None = None,
) -> dict[str | None, Price]:
    """Return user -> the price of an answer; None -> of one by somebody whom `people` leaves out.

    The uppers are what an answer hardly ever passes, such as the .95 quantiles of those seen; by
    default what its task says of it.
    """
    objects = objects_upper or most_objects(config.labels.task, len(config.labels.classes))
    seconds = seconds_upper or upper_seconds(config.labels.task, objects)
    common = price_for("answer", micros(config.budget.price))
    named: dict[str | None, Price] = {
        person.user: price_for(
            person.pay.unit, person.pay.rate_micros, objects_upper=objects, seconds_upper=seconds
        )
        for person in config.people
        if person.pay is not None
    }
    return {None: common} | named


def dearest_answer(config: CampaignConfig, **uppers: Any) -> int:
    """Return what is reserved for an answer, in micros, whoever gives it; `uppers` as `prices`.

    No tool keeps out people whom `people` leaves out.
    """
    return max(price.reserve_micros for price in prices(config, **uppers).values())


def read(path: Path) -> dict[str, Any]:
    """Return what a campaign file says, unchecked. Raises `ConfigurationError`."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = json_ready(yaml.load(text, _Loader))  # noqa: S506 - it is a safe one
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path}: there is no such file; `auto-label init` writes one"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f", line {place.line + 1}" if place else ""
        raise ConfigurationError(f"{path}{line}: this is not YAML ({_problem(error)})") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: expected a few levels of keys, got no end") from error
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{path}: expected keys and values, got {raw!r}")
    return raw


def load(path: Path) -> CampaignConfig:
    """Return the campaign that a file describes. Raises `ConfigurationError`."""
    return parse(read(path))


def digest(raw: Mapping[str, Any]) -> str:
    """Return the sha256 of a campaign file's content; comments and order do not count."""
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return a unified diff of two campaign files' contents."""
    old, new = (yaml.safe_dump(dict(one), sort_keys=True).splitlines() for one in (before, after))
    return "\n".join(difflib.unified_diff(old, new, "as started", "the file now", lineterm="", n=1))


def fixed_keys_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the changed keys that no amendment may change."""
    keys = [key for key in FIXED if before.get(key) != after.get(key)]
    currencies = {(one.get("budget") or {}).get("currency", "USD") for one in (before, after)}
    return keys + (["budget.currency"] if len(currencies) > 1 else [])


def json_ready(value: Any) -> Any:
    """Return content as JSON can say it, so that it can be stored and compared.

    >>> json_ready({"seed": np.int64(7), "price": Decimal("0.05"), "deadline": date(2027, 2, 15)})
    {'seed': 7, 'price': '0.05', 'deadline': '2027-02-15'}
    """
    if isinstance(value, Mapping):
        return {str(key): json_ready(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(one) for one in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


class _Loader(yaml.SafeLoader):
    """Plain YAML, whose keys stand once and whose values are what they look like."""

    yaml_constructors = {  # noqa: RUF012 - as yaml has it
        tag: make
        for tag, make in yaml.SafeLoader.yaml_constructors.items()
        if not str(tag).endswith((":binary", ":set"))  # JSON has no word for them
    }

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        # Not later, when `<<` has brought in keys that the mapping's own replace.
        for key, _ in node.value:
            name = str(key.value)
            if name in lines and name != "<<":
                said = f"the key {name!r} stands in line {lines[name]} already; keep one of the two"
                raise ComposerError(None, None, said, key.start_mark)
            lines[name] = key.start_mark.line + 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            if isinstance(node, yaml.ScalarNode):
                node.value.encode()  # half a surrogate pair is no text
            return super().construct_object(node, deep)
        except ValueError as error:
            kind, got = node.tag.rpartition(":")[2], str(node.value)[:40]
            said = f"expected {kind}, got {got!r}; mend it, or write it in quotes if it is text"
            raise ConstructorError(None, None, said, node.start_mark) from error


def _check_version(version: object) -> None:
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ConfigurationError(f"schema_version: expected {SCHEMA_VERSION}, got {version!r}")
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"schema_version: this installation reads up to {SCHEMA_VERSION}, the file says "
            f"{version}; upgrade auto-labeling"
        )


def _money(where: str, amount: str | None) -> None:
    if amount is None:
        return
    try:
        exact = micros(amount)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    if exact < 0:
        raise ConfigurationError(f"{where}: expected no less than zero, got {amount!r}")


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", error))
