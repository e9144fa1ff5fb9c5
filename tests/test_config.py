"""The campaign file: every mistake is one sentence that names the place; changes leave a trace."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from auto_labeling import config
from auto_labeling.campaign import checking
from auto_labeling.errors import (
    ConfigurationError,
)
from auto_labeling.strategies.at_random import Random
from auto_labeling.strategies.auto import Auto
from auto_labeling.strategies.quotas import AtLeast, AtMost
from auto_labeling.strategies.top_k import TopK
from tests.support.campaigns import merged, template

SHIPPED = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))
HOURLY = [{"user": "mia", "pay": {"hour": "18.00"}}, {"user": "li"}]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_campaign_file_that_is_shipped_loads(path: Path) -> None:
    found = config.load(path)
    assert found.name == path.stem
    checking.check(found)


def test_there_is_a_campaign_file_to_ship() -> None:
    assert SHIPPED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bugdet": {}}, r"^unknown key 'bugdet'; did you mean 'budget'\? \(expected: .*backend"),
        ({"budget": {"anwsers": 3}}, r"^budget: unknown key 'anwsers'; did you mean 'answers'\?"),
        ({"labels": {"clases": []}}, r"^labels: unknown key 'clases'; did you mean 'classes'\?"),
        ({"pool": {"feature": "x"}}, r"^pool\[0\]: unknown key 'feature'.*'features'\?"),
        ({"backend": {"skp": 0.1}}, r"^backend: unknown key 'skp'; did you mean 'skip'\?"),
        ({"strategy": {"bacth": 3}}, r"^strategy: unknown key 'bacth'; did you mean 'batch'\?"),
        ({"strategy": {"scorer": {"beta": 1}}}, r"^strategy\.scorer: unknown key 'beta'"),
        ({"model": {"smoothing": 1}}, r"^model: unknown key 'smoothing'"),
        ({"stop": {"max_round": 3}}, r"^stop: unknown key 'max_round'.*'max_rounds'\?"),
        ({"stop": {"target": {"atleast": 1}}}, r"^stop\.target: unknown key 'atleast'"),
        ({"people": [{"usr": "mia"}]}, r"^people\[0\]: unknown key 'usr'; did you mean 'user'\?"),
        ({"people": [{"user": "m", "pay": {"day": "9"}}]}, r"^people\[0\]\.pay: unknown key 'day'"),
        ({"quality": {"overlaps": 2}}, r"^quality: unknown key 'overlaps'.*'overlap'\?"),
        ({"wait": {"pol": 2}}, r"^wait: unknown key 'pol'; did you mean 'poll_s'\?"),
        ({"evaluation": {"metric": []}}, r"^evaluation: unknown key 'metric'.*'metrics'\?"),
        ({"privacy": {"payload": "sealed"}}, r"^privacy: unknown key 'payload'"),
        ({"tracking": {"url": "x"}}, r"^tracking: unknown key 'url'; did you mean 'uri'\?"),
    ],
)
def test_an_unknown_key_is_named_with_what_was_meant(change: dict[str, Any], said: str) -> None:
    refused(change, said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strategy": {"kind": "topk"}}, r"^strategy\.kind: .*'topk'; did you mean 'top_k'\?"),
        (
            {"strategy": {"kind": "margin"}},
            r"^strategy\.kind: margin only scores; write \{kind: top_k",
        ),
        ({"strategy": {"scorer": "margn"}}, r"^strategy\.scorer\.kind: .*'margn'.*'margin'\?"),
        ({"strategy": {"kind": None}}, r"^strategy: expected a key 'kind', one of .*top_k"),
        ({"model": {"kind": "resnet"}}, r"^model\.kind: expected one of .*naive_bayes.*'resnet'"),
        ({"backend": {"kind": "labelbox"}}, r"^backend\.kind: expected one of .*simulated"),
        ({"pool": {"kind": "array"}}, r"^pool\[0\]\.kind: .*did you mean 'arrays'\?"),
        ({"quality": {"consensus": "majorty"}}, r"^quality\.consensus\.kind: .*'majority'\?"),
    ],
)
def test_an_unknown_kind_is_named_with_those_that_there_are(
    change: dict[str, Any], said: str
) -> None:
    refused(change, said)


@pytest.mark.parametrize("key", ["name", "labels", "pool", "backend", "budget"])
def test_a_missing_key_is_named(key: str) -> None:
    refused({key: None}, rf"^the file: the key '{key}' is missing$")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget": {"answers": None}}, r"^budget: the key 'answers' is missing"),
        ({"budget": {"answers": 12.5}}, r"^budget\.answers: .*integer.*12\.5"),
        ({"budget": {"answers": True}}, r"^budget\.answers: expected a number, got True"),
        ({"budget": {"answers": 0}}, r"^budget\.answers: expected at least 1, got 0"),
        ({"budget": {"answers": 10**20}}, r"^budget\.answers: expected at most 1,000,000,000, got"),
        (
            {"budget": {"answers": 10**9, "price": "9e9", "money": None}},
            r"^budget\.money: expected a cap",
        ),
        ({"budget": {"answers": "many"}}, r"^budget\.answers: .*'many'"),
        ({"budget": {"price": 0.05}}, r"^budget\.price: .*got 0\.05; write it in quotes"),
        ({"budget": {"money": 60}}, r"^budget\.money: .*got 60; write it in quotes"),
        ({"budget": {"price": "-1"}}, r"^budget\.price: expected no less than zero, got '-1'$"),
        ({"budget": {"price": "5 cents"}}, r"^budget\.price: expected an amount of money"),
        ({"budget": {"price": "NaN"}}, r"^budget\.price: "),
        ({"budget": {"currency": "usd"}}, r"^budget\.currency: .*ISO code.*'usd'"),
        ({"budget": {"contingency": "a bit"}}, r"^budget\.contingency: .*share such as 5%"),
        ({"people": [{"user": "m", "pay": {"hour": 18}}]}, r"^people\[0\]\.pay\.hour: .*in quotes"),
        ({"people": [{"user": "m", "pay": {}}]}, r"^people\.pay: expected exactly one of answer"),
        ({"people": [{"user": "m"}, {"user": "m"}]}, r"^people: a user is named twice"),
        ({"people": [{"user": "m", "tz": "Mars/Base"}]}, r"^people\.tz: .*IANA.*'Mars/Base'"),
        ({"people": [{"user": "m", "capacity": "9/day"}]}, r"^people\.capacity: .*400/week"),
        ({"people": [{"user": "m", "role": "boss"}]}, r"^people\[0\]\.role: .*adjudicator.*'boss'"),
        (
            {"labels": {"classes": [True, False]}},
            r"^labels\.classes\[0\]: .*True; write it in quot",
        ),
        ({"labels": {"classes": ["ant"]}}, r"^labels\.classes: expected at least two, got"),
        ({"labels": {"classes": ["ant", "ant"]}}, r"^labels\.classes: a class is named twice"),
        ({"labels": {"abstain": ["bee"]}}, r"^labels\.abstain: \['bee'\] are classes as well"),
        ({"labels": {"classes": "ant"}}, r"^labels\.classes: expected a list such as \[ant\]"),
        (
            {"labels": {"task": "boxes"}},
            r"^model: it learns single, multi, and labels\.task is 'boxes'",
        ),
        ({"labels": {"task": "boxs"}}, r"^labels\.task: .*'boxs'"),
        ({"evaluation": {"metrics": "accuracy"}}, r"^evaluation\.metrics: .*\[accuracy\]"),
        ({"evaluation": {"metrics": []}}, r"^evaluation\.metrics: expected at least one"),
        ({"evaluation": {"control": 1.5}}, r"^evaluation\.control: .*1\.5"),
        ({"evaluation": {"alpha": 0}}, r"^evaluation\.alpha: "),
        ({"quality": {"overlap": 0}}, r"^quality\.overlap\.default: expected at least 1, got 0"),
        ({"quality": {"overlap": 3, "max_overlap": 2}}, r"^quality\.max_overlap: .*at least 3"),
        ({"quality": []}, r"^quality: expected keys and values, got \[\]"),
        ({"strategy": 3}, r"^strategy: expected keys and values, got 3"),
        ({"strategy": {"batch": 0}}, r"^strategy\.batch: expected at least 1, got 0"),
        ({"stop": 3}, r"^stop: expected keys and values, got 3"),
        ({"stop": {"target": {"metric": "accuracy"}}}, r"^stop\.target: .*'at_least' is missing"),
        ({"wait": {"rest": "retry"}}, r"^wait\.rest: .*'release' or 'reissue'.*'retry'"),
        ({"privacy": {"payloads": "secret"}}, r"^privacy\.payloads: .*'sealed'.*'secret'"),
        (
            {"tracking": {"uri": "postgresql://li:s3cret@db.lan/mlflow"}},
            r"^tracking\.uri: expected no password (?!.*s3cret)",
        ),
        ({"tracking": {"kind": "wandb"}}, r"^tracking\.kind: .*'mlflow' or 'none'"),
        ({"baseline": "oracle"}, r"^baseline: .*'random'.*'oracle'"),
        ({"backend": {"annotators": [2]}}, r"^backend\.annotators\[0\]\.accuracy: .*got 2"),
        ({"backend": {"outage": 0.95}}, r"^backend\.outage: expected at most 0\.9"),
        ({"seed": -1}, r"^seed: expected at least 0, got -1"),
        ({"seed": True}, r"^seed: expected a number, got True"),
        ({"name": "a/b"}, r"^name: expected 1 to 60 letters.*'a/b'"),
        ({"schema_version": 2}, r"reads up to 1, the file says 2; upgrade auto-labeling"),
        ({"schema_version": "1"}, r"^schema_version: expected 1, got '1'"),
        ({"schema_version": True}, r"^schema_version: expected 1, got True"),
        ({"schema_version": 0}, r"^schema_version: expected 1, got 0"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_says_where(change: dict[str, Any], said: str) -> None:
    refused(change, said)


def refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        config.parse(merged(template(), change))
    assert re.search(said, str(error.value)), str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_left_out_has_a_sensible_default() -> None:
    raw = merged(template(), dict.fromkeys(("strategy", "model", "stop", "seed")))
    found = config.parse(raw)
    assert isinstance(found.strategy.strategy, Auto)
    assert (found.strategy.batch, found.seed, found.stop) == (20, 0, ())
    assert (found.quality.opinions, found.quality.most_opinions) == (1, 3)


@pytest.mark.parametrize(
    ("written", "strategy", "batch"),
    [
        ("random", Random, 20),
        ({"batch": 7}, Auto, 7),
        ({"kind": "random", "batch": 7}, Random, 7),
        ({"kind": "top_k", "scorer": "margin"}, TopK, 20),
        ({"kind": "top_k", "scorer": {"kind": "margin"}, "cold_start": "random"}, TopK, 20),
    ],
)
def test_a_strategy_is_written_as_briefly_as_it_can_be(
    written: Any, strategy: type, batch: int
) -> None:
    raw = merged(template(), {"strategy": None}) | {"strategy": written}
    found = config.parse(raw).strategy
    assert isinstance(found.strategy, strategy)
    assert found.batch == batch


def test_one_source_needs_no_list() -> None:
    raw = template()
    assert config.parse(raw).pool == config.parse(raw | {"pool": [raw["pool"]]}).pool


def test_the_dearest_of_the_people_is_what_an_answer_costs_at_most() -> None:
    assert config.dearest_answer(config.parse(template())) == 50_000
    cheap = [{"user": "bo", "pay": {"answer": "0.02"}}, {"user": "al", "pay": {"answer": "0.03"}}]
    only = {"people": cheap, "budget": {"price": "0"}}
    assert config.dearest_answer(config.parse(merged(template(), only))) == 30_000
    anybody = config.parse(merged(template(), {"people": cheap}))
    assert config.dearest_answer(anybody) == 50_000, "nobody keeps out whom people leaves out"
    with_a_wage = config.parse(merged(template(), only | {"people": [*cheap, HOURLY[0]]}))
    assert config.dearest_answer(with_a_wage) > 30_000
    each = [{"user": "bo", "pay": {"object": "0.05"}}]
    several = config.parse(merged(template(), {"labels": {"task": "multi"}, "people": each}))
    assert config.dearest_answer(several) == 3 * 50_000


def test_a_file_that_is_not_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text("name: tiny\nlabels: {task: single, classes: [a, b]\nbudget: {}\n")
    with pytest.raises(ConfigurationError, match=r"campaign\.yaml, line 3: this is not YAML"):
        config.load(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("budget: {answers: 8}\nseed: 1\nbudget: {answers: 12}\n", r"line 3: .*'budget'.* line 1 "),
        ("wait: {poll_s: 1, 'poll_s': 2}\n", r"line 1: .*'poll_s' stands in line 1 already"),
        ("labels:\n  classes: [2024-13-45, b]\n", r"line 2: .*timestamp, got '2024-13-45'; mend"),
        ("labels: {classes: [0x_, b]}\n", r"line 1: .*expected int, got '0x_'"),
        ('labels: {classes: ["\\ud800", b]}\n', r"line 1: .*expected str, got '\\ud800'"),
        ("seed: " + "9" * 5000, r"line 1: .*expected int, got '9{40}'"),
        ("name: !!binary Yw==\n", r"line 1: this is not YAML .*binary"),
        ("privacy: &a {payloads: *a}\n", "expected a few levels of keys, got no end"),
        ("[" * 5000, "expected a few levels of keys, got no end"),
    ],
)
def test_what_yaml_would_pass_over_or_trip_over_is_refused_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said) as error:
        config.read(path)
    assert "\n" not in str(error.value)


def test_keys_may_be_taken_from_another_mapping_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(
        "one: &one {a: 1, b: 2}\nmore: &more {c: 3}\n"
        "two: &two {<<: *one, b: 4}\nthree: {<<: *two}\nfour: {<<: [*one, *more]}\n"
    )
    found = config.read(path)
    assert found["two"] == found["three"] == {"a": 1, "b": 4}
    assert found["four"] == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="expected keys and values"):
        config.load(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file; `auto-label init`"):
        config.load(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        config.load(tmp_path / "binary.yaml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        config.load(tmp_path)


def test_no_yaml_tag_makes_an_object(tmp_path: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(ConfigurationError, match="not YAML"):
        config.load(path)


def test_comments_and_order_do_not_make_another_campaign(tmp_path: Path) -> None:
    raw = template()
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text(yaml.safe_dump(raw, sort_keys=True))
    other.write_text("# ours\n" + yaml.safe_dump(dict(reversed(raw.items())), sort_keys=False))
    assert config.digest(config.read(one)) == config.digest(config.read(other))
    assert config.digest(config.read(one)) != config.digest(raw | {"seed": 8})


def test_dates_are_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text("stop: {deadline: 2027-02-15}\n")
    assert config.read(path) == {"stop": {"deadline": "2027-02-15"}}


def test_quotas_are_written_beside_the_strategy() -> None:
    quotas = {"kind": "random", "max_per_group": 2, "at_least": {"bee": 3}}
    found = config.parse(merged(template(), {"strategy": None}) | {"strategy": quotas}).strategy
    assert isinstance(found.strategy, AtMost)
    assert found.strategy.strategy == AtLeast(Random(), counts=((1, 3),))
    assert isinstance(found.cold_start, AtMost)


@pytest.mark.parametrize(
    ("quotas", "said"),
    [
        ({"at_least": {"dog": 3}}, r"strategy\.at_least: expected classes of.*\['dog'\]"),
        ({"at_least": {"bee": 0}}, r"strategy\.at_least\.bee: expected at least 1, got 0"),
        ({"max_per_group": 0}, r"strategy\.max_per_group: expected at least 1, got 0"),
    ],
)
def test_quotas_nobody_can_keep_are_refused(quotas: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        config.parse(merged(template(), {"strategy": quotas}))
