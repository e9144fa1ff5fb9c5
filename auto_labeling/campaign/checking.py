"""What no campaign could work with, said before anything is bought."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from auto_labeling.campaign import waiting
from auto_labeling.campaign.lessons import lesson_of
from auto_labeling.campaign.metric_names import check_metrics
from auto_labeling.config import CampaignConfig
from auto_labeling.errors import ConfigurationError
from auto_labeling.models.fitting import weighs
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.rows import GatheredRows, StackedRows
from auto_labeling.ports import ChecksFiles, Traits
from auto_labeling.strategies import stopping

_ALWAYS_THERE = frozenset(
    {"cost", "embeddings", "features", "groups", "labeled_embeddings", "labeled_targets"}
)
_WHY = {
    "detections": "this campaign labels whole items, not what is drawn on them",
    "mirrored": "this campaign labels whole items, not what is drawn on them",
    "labeled_targets": "what is drawn on a picture is of no one class",
    "marginals": "only an item that may have several labels has those probabilities",
    "posterior": "one model cannot disagree with itself: choose `model: {kind: committee}`",
    "proba": "before the first labels there is no model",
}
_OF_ONE_CLASS = ("posterior", "proba")
_WHY_SETS = "an item may have several labels: choose a scorer such as multi_label_entropy"
_WHY_DRAWN = (
    "a picture may have many objects: choose `kind: top_k` or cluster_top, with a scorer such as "
    "objects"
)


def check(config: CampaignConfig) -> None:
    """Raise `ConfigurationError` for what no step could work with, before anything is bought."""
    check_metrics(judged_by(config), config.labels)
    config.quality.consensus.resolve([], config.labels)  # which says what it cannot resolve
    never = set() if config.learns else {name for rule in config.stop for name in rule.metrics()}
    if never:
        raise ConfigurationError(
            f"stop: without a model nothing is judged, so there will be no {min(never)}"
        )
    blind = stopping.of_probabilities(config.stop) if config.labels.is_drawn else []
    if blind:
        raise ConfigurationError(
            f"stop.{blind[0]}: it would never fire, because what it looks at are probabilities of "
            "classes, and a picture has many objects; choose plateau or stable_predictions"
        )
    wait = config.wait
    waiting.Rule.parse(enough=wait.enough, after=wait.after, rest=wait.rest, poll_s=wait.poll_s)
    if wait.reassign is not None:
        waiting.span(wait.reassign, "wait.reassign")
    _check_needs(config)


def check_files(config: CampaignConfig, base: Path) -> None:
    """Raise `ConfigurationError` for a file of the model's, or of the embedder's, that is not there
    or another.

    What stands in it decides as well whether a model can weigh pseudo-labels less than labels.
    """
    if isinstance(config.model, ChecksFiles):
        config.model.check(base, config.labels.task)
    if config.embedder is not None:
        config.embedder.check(base)
    if config.semi_supervised is not None and not weighs(config.model.build(config.seed, base)):
        raise ConfigurationError(
            "semi_supervised: pseudo-labels weigh less than labels, and this model cannot weigh "
            "its examples; choose another model, or leave it out"
        )


def check_tool(config: CampaignConfig, traits: Traits) -> None:
    """Raise `ConfigurationError` for what this tool cannot show, or its people never answer."""
    if config.labels.task not in traits.shapes:
        raise ConfigurationError(
            f"labels.task: this tool shows {', '.join(sorted(traits.shapes))}, "
            f"got {config.labels.task!r}"
        )
    check_people(config, traits)


def check_people(config: CampaignConfig, traits: Traits) -> None:
    """Raise `ConfigurationError` where an item needs more opinions than the tool has people."""
    people, plan = traits.people, config.quality.agreement
    opinions = {"overlap": config.quality.opinions}
    if plan is not None:
        opinions["agreement.opinions"] = plan.opinions
    for key, wanted in opinions.items():
        if people is not None and wanted > people:
            raise ConfigurationError(
                f"quality.{key}: expected at most one opinion by each of the {people} people, "
                f"got {wanted}"
            )


def check_kinds(pool: Pool, traits: Traits) -> None:
    """Raise `ConfigurationError` for a pool that this tool cannot show to anybody."""
    if strange := pool.kinds() - traits.kinds:
        raise ConfigurationError(
            f"pool: this tool shows items of kind {', '.join(sorted(traits.kinds))}, "
            f"got {', '.join(sorted(strange))}"
        )


def check_embedder(config: CampaignConfig, pool: Pool) -> None:
    """Raise `ConfigurationError` for a pool of items that the embedder does not read."""
    if config.embedder is None:
        return
    kinds, reads = pool.kinds(), config.embedder.reads
    if len(kinds) != 1 or not kinds <= reads:
        raise ConfigurationError(
            f"embedder: this one reads items of one kind out of {', '.join(sorted(reads))}, "
            f"the pool has {', '.join(sorted(kinds))}"
        )


def check_views(
    config: CampaignConfig, features: NDArray[Any] | StackedRows | GatheredRows
) -> None:
    """Raise `ConfigurationError` where views are to teach each other that are not these columns."""
    settings = config.semi_supervised
    if settings is not None and settings.views:  # an embedder is not opened for nothing
        settings.expect_columns(features.shape[1])


def judged_by(config: CampaignConfig) -> list[str]:
    """Return every metric that the configuration or a stopping rule names."""
    asked = {metric for rule in config.stop for metric in rule.metrics()}
    return sorted(asked | set(config.evaluation.metrics))


def _check_needs(config: CampaignConfig) -> None:
    """Raise `ConfigurationError` where a strategy reads what this campaign cannot compute."""
    several, drawn = config.labels.task == "multi", config.labels.is_drawn
    always = _ALWAYS_THERE - {"labeled_targets"} if drawn else _ALWAYS_THERE
    there = always | (lesson_of(config.labels).shown_as if config.learns else frozenset())
    if not several and not drawn and getattr(config.model, "samples_posterior", False):
        there |= {"posterior"}
    selection = config.strategy
    if drawn and selection.at_least:
        raise ConfigurationError(
            "strategy.at_least: it counts items by their one class, and a picture may have many "
            "objects; leave it out"
        )
    chosen_by = [("strategy", selection.strategy, there)] if config.learns else []
    chosen_by += [("strategy.cold_start", selection.cold_start, always)]
    for where, strategy, given in chosen_by:
        for missing in sorted(strategy.needs - given):
            why = _WHY[missing]
            if missing in _OF_ONE_CLASS and (several or drawn):
                why = _WHY_SETS if several else _WHY_DRAWN
            raise ConfigurationError(f"{where}: it reads {missing!r}, and {why}")
