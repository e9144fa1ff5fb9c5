"""Score the pool; large pools shard by shard, wherever the task runner puts them."""

from __future__ import annotations

from prefect import task, unmapped

from auto_labeling.campaign.rounds import Step
from auto_labeling.campaign.steps import choosing
from tasks._policy import POLICY, Ref, make, read_only


def score(ref: Ref) -> None:
    """Score the shards that are not there yet, in parallel where there are several."""
    shards = pending_shards(ref)
    if len(shards) > 1:
        score_shard.map(unmapped(ref), shards).wait()  # what failed, the next step meets again
    finish_scoring(ref)


@task(name="score shard", **POLICY)
def score_shard(ref: Ref, number: int) -> None:
    """Predict one shard into its content-addressed file; never writes the ledger."""
    with read_only(ref) as campaign:
        choosing.score_shard(campaign, number)


@task(name="score", **POLICY)
def finish_scoring(ref: Ref) -> None:
    """Score what is left and move the round on."""
    make(ref, Step.SCORE)


def pending_shards(ref: Ref) -> list[int]:
    """Return the shards without a file."""
    with read_only(ref) as campaign:
        return choosing.shards_to_score(campaign)
