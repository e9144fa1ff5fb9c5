"""A step a state: each reads the ledger, does one thing, and says what to write.

Every step can be run twice: what it does outside the ledger is found again, or written over with
the same content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, Step
from auto_labeling.campaign.steps import asking, choosing, collecting, ending, judging, learning
from auto_labeling.campaign.transition import Transition

STEPS: Mapping[Step, Callable[[Campaign, CampaignState], Transition]] = {
    Step.SCORE: choosing.score,
    Step.SELECT: choosing.select_batch,
    Step.RESERVE: asking.reserve,
    Step.SEND: asking.send,
    Step.COLLECT: collecting.collect,
    Step.WITHDRAW: collecting.withdraw,
    Step.RECONCILE: learning.reconcile,
    Step.REORDER: asking.reorder,
    Step.FREEZE: learning.freeze,
    Step.TRAIN: learning.train,
    Step.EVALUATE: judging.evaluate,
    Step.DECIDE: ending.decide,
    Step.FINISH: ending.finish,
}
