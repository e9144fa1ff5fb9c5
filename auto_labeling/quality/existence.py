"""How probable it is that what some people drew is there, given who drew it and who did not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, logsumexp

from auto_labeling.quality.drawn_objects import Candidates

_EASE, _SHARES = np.polynomial.hermite_e.hermegauss(9)
_SHARES = _SHARES / _SHARES.sum()
_TYPICAL = float(logit(0.9))
_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Existence:
    """What is probably there, and how much each of w people draws."""

    probability: NDArray[np.float64]
    """(k,) of each candidate."""
    sensitivity: NDArray[np.float64]
    """(w,) the chance that a person draws an object of usual difficulty."""
    false_rate: NDArray[np.float64]
    """(w,) the chance that a person draws what others, too, might take for an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyModel:
    """People differ in what they see, and objects in how easily they are seen.

    A real object of ease x, standard normal, is drawn with the odds exp(skill + spread x), a
    semblance with the person's false rate. Candidates that nobody drew are unknown, which the
    likelihood allows for. Skills, rates, the spread and the share of real ones are MAP estimates by
    EM with Newton steps, over a quadrature of the ease. Without the spread, two careful people who
    overlook something small would outweigh three who saw it.

    References:
        Dawid, A. P. and Skene, A. M. (1979). Maximum Likelihood Estimation of Observer Error-Rates
        Using the EM Algorithm. Applied Statistics 28(1).
        Whitehill, J. et al. (2009). Whose Vote Should Count More: Optimal Integration of Labels
        from Labelers of Unknown Expertise. NeurIPS.
    """

    iterations: int = 100
    skill_deviation: float = 1.0
    """How much people's skills are expected to differ, in logits."""
    spread: float = 1.5
    """How much objects are expected to differ, in logits."""
    false_prior: tuple[float, float] = (1.0, 4.0)
    """As if everybody had drawn the first number of semblances, and passed over the second."""
    share_prior: tuple[float, float] = (4.0, 1.0)
    """As if so many candidates had been found real, and not."""

    def existence(self, found: Candidates) -> Existence:
        """Return the probability of every candidate."""
        opinions, pattern = _patterns(found)
        asked = np.maximum(np.bincount(opinions.asked, minlength=opinions.n), 1)
        real = np.clip(np.bincount(opinions.asked, opinions.drew, opinions.n) / asked, 0.02, 0.98)
        state = _State.start(self, found.n_people)
        for _ in range(self.iterations if found.n else 0):
            before = real
            state = state.step(self, opinions, real)
            real = state.probability(opinions)
            if np.abs(real - before).max() < _TOLERANCE:
                break
        return Existence(
            probability=real[pattern],
            sensitivity=expit(state.skills),
            false_rate=state.false_rates,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Opinions:
    """The opinions about k candidates, each standing for all with the same opinions."""

    asked: NDArray[np.intp]
    people: NDArray[np.intp]
    drew: NDArray[np.bool_]
    often: NDArray[np.intp]
    """(k,) how many candidates have these opinions."""
    n_people: int

    @property
    def n(self) -> int:
        """How many different sets of opinions there are."""
        return len(self.often)


def _patterns(found: Candidates) -> tuple[_Opinions, NDArray[np.intp]]:
    """Return the different sets of opinions, and (k,) which of them each candidate has."""
    counts = np.bincount(found.asked, minlength=found.n)
    starts = np.cumsum(counts) - counts
    said = 2 * found.people + found.drew
    known: dict[bytes, int] = {}
    ends = (starts + counts).tolist()
    pattern = np.array(
        [
            known.setdefault(said[start:end].tobytes(), len(known))
            for start, end in zip(starts.tolist(), ends, strict=True)
        ],
        dtype=np.intp,
    )
    codes = [np.frombuffer(key, dtype=said.dtype) for key in known]
    flat = np.concatenate([np.zeros(0, dtype=said.dtype), *codes])
    opinions = _Opinions(
        asked=np.repeat(np.arange(len(codes)), [len(code) for code in codes]).astype(np.intp),
        people=flat // 2,
        drew=flat % 2 == 1,
        often=np.bincount(pattern, minlength=len(codes)),
        n_people=found.n_people,
    )
    return opinions, pattern


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    skills: NDArray[np.float64]
    spread: float
    false_rates: NDArray[np.float64]
    share: float

    @classmethod
    def start(cls, model: DifficultyModel, people: int) -> _State:
        some, none = model.false_prior
        return cls(
            skills=np.full(people, _TYPICAL),
            spread=model.spread,
            false_rates=np.full(people, some / (some + none)),
            share=model.share_prior[0] / sum(model.share_prior),
        )

    def logits(self, found: _Opinions) -> NDArray[np.float64]:
        """Return (a, g) the log odds that a person draws the object at each ease."""
        logits: NDArray[np.float64] = (self.skills[found.people][:, None]) + self.spread * _EASE
        return logits

    def likelihoods(self, found: _Opinions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (k, g) log likelihoods of real at each ease, and that nobody would have drawn."""
        logits = self.logits(found)
        silent = -np.logaddexp(0, logits)
        said = silent + found.drew[:, None] * logits
        return _summed(found, said), _summed(found, silent)

    def ease(self, found: _Opinions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (k, g) how probable each ease is, and (k, g) of how many unseen likes."""
        said, silent = self.likelihoods(found)
        joint = said + np.log(_SHARES)
        ease = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        missed = np.exp(silent) * _SHARES
        unseen: NDArray[np.float64] = missed / np.maximum(
            1 - missed.sum(axis=1, keepdims=True), 1e-3
        )
        return ease, unseen

    def probability(self, found: _Opinions) -> NDArray[np.float64]:
        """Return (k,) how probable it is that each candidate is real."""
        said, silent = self.likelihoods(found)
        seen = 1 - np.exp(logsumexp(silent + np.log(_SHARES), axis=1))
        real = logsumexp(said + np.log(_SHARES), axis=1) - np.log(np.maximum(seen, 1e-9))
        rates = self.false_rates[found.people]
        quiet = np.log1p(-rates)
        nobody = np.bincount(found.asked, quiet, found.n)
        false = np.bincount(found.asked, np.where(found.drew, np.log(rates), quiet), found.n)
        false = false - np.log(-np.expm1(nobody))
        probability: NDArray[np.float64] = expit(logit(self.share) + real - false)
        return probability

    def step(
        self,
        model: DifficultyModel,
        found: _Opinions,
        real: NDArray[np.float64],
    ) -> _State:
        """Return the estimates after one step of EM, from (k,) probabilities of being real."""
        ease, unseen = self.ease(found)
        likely = real * found.often
        false = (1 - real) * found.often
        chances = expit(self.logits(found))
        seen = (likely[:, None] * ease)[found.asked]
        weight = seen + (likely[:, None] * unseen)[found.asked]
        over = seen * found.drew[:, None] - weight * chances
        bend = weight * chances * (1 - chances)
        w, precision = found.n_people, model.skill_deviation**-2
        middle = (self.skills.sum() + 4 * _TYPICAL) / (w + 4)
        pull = np.bincount(found.people, over.sum(axis=1), w) - precision * (self.skills - middle)
        curve = np.bincount(found.people, bend.sum(axis=1), w) + precision
        slope = (over @ _EASE).sum() - 4 * (self.spread - model.spread)
        steep = (bend @ _EASE**2).sum() + 4
        some, none = model.false_prior
        nobody = np.exp(
            np.bincount(found.asked, np.log1p(-self.false_rates[found.people]), found.n)
        )
        given = np.bincount(found.people, false[found.asked] * found.drew, w)
        chance = np.bincount(found.people, (false / np.maximum(1 - nobody, 1e-3))[found.asked], w)
        return _State(
            skills=np.clip(self.skills + np.clip(pull / curve, -1, 1), -6, 8),
            spread=float(np.clip(self.spread + np.clip(slope / steep, -0.25, 0.25), 0, 5)),
            false_rates=(given + some) / (chance + some + none),
            share=float(
                (likely.sum() + model.share_prior[0]) / (found.often.sum() + sum(model.share_prior))
            ),
        )


def _summed(found: _Opinions, by_opinion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (k, g) sums over the opinions about each candidate; these stand together."""
    starts = np.flatnonzero(np.r_[True, found.asked[1:] != found.asked[:-1]])[: found.n]
    summed: NDArray[np.float64] = np.add.reduceat(by_opinion, starts, axis=0)
    return summed


def least_probability(probability: NDArray[np.float64]) -> float:
    """Return from which probability on candidates are kept, so that the expected F1 is greatest.

    It is half of the F1 that this reaches: at most 0.5.

    References:
        Lipton, Z. C., Elkan, C. and Naryanaswamy, B. (2014). Optimal Thresholding of Classifiers to
        Maximize F1 Measure. ECML PKDD. arXiv:1402.1892

    >>> least_probability(np.array([1.0, 1.0, 0.2]))
    0.47619047619047616
    """
    if not len(probability):
        return 0.5
    ordered = np.sort(probability)[::-1]
    kept = 2 * np.cumsum(ordered) / (np.arange(1, len(ordered) + 1) + ordered.sum())
    return float(kept.max() / 2)
