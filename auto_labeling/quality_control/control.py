"""`QualityControl`: how far annotators agree, where they do not, and what their labels come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from auto_labeling.arguments import as_number
from auto_labeling.errors import ConfigurationError
from auto_labeling.quality_control.annotations import Annotations, is_frame
from auto_labeling.quality_control.consensus import decided
from auto_labeling.quality_control.metrics import Agreement, each_item, measured

if TYPE_CHECKING:
    import pandas as pd


class QualityControl:
    """What several annotators' labels of the same items are worth.

    `annotations` is everywhere a list with one sequence of labels per annotator, all over the same
    items and with None for an item that an annotator has not seen, or a frame with a row an answer
    in the columns item, annotator and label, of which the last answer of an annotator to an item
    counts. A label is anything that can be compared, a list of such (several classes may be true),
    or a list of `Box`, `Polygon` or `Mask`, where an empty one says that there is nothing.

    >>> ann = ["cat", "cat", "dog", "dog", "cat"]
    >>> bob = ["cat", "cat", "dog", "cat", None]
    >>> round(QualityControl().inter_annotator_agreement([ann, bob]), 2)
    0.5
    """

    def inter_annotator_agreement(self, annotations: Any, metric: str = "cohen_kappa") -> Agreement:
        """Return how far annotators agree, at most 1: a number whose limits are its `interval`.

        It is nan where it cannot be known, such as where nobody shares an item, and `why_unknown`
        says why. Limits are 95 %, from 1,000 draws of as many items, the same in every run.

        Args:
            annotations: one sequence of labels per annotator, or a frame.
            metric: of labels `cohen_kappa` (of more than two annotators the mean over pairs),
                `fleiss_kappa`, `krippendorff_alpha`, `krippendorff_alpha_ordinal` and
                `krippendorff_alpha_interval` (labels are numbers), `gwet_ac1`, `percent`; of
                shapes `iou`, the mean IoU of objects that both drew, `dice`, `f1`, the share of
                objects that the other drew too, and `krippendorff_alpha`.

        Raises:
            ConfigurationError: no such metric, of labels or of shapes.
            DataError: annotations that are neither form, or cannot be compared.
        """
        return measured(Annotations.of(annotations), metric, np.random.default_rng(0))

    def find_disagreements(self, annotations: Any, threshold: float) -> list[Any]:
        """Return the items on which annotators agree less than `threshold`, the worst first.

        Of labels that is the share of equal pairs of answers to the item, of shapes how alike two
        drawings are on average, both in [0, 1]; with 1 every item is returned on which anybody
        differs. Items are positions in the sequences, or what the frame calls them; those that
        fewer than two annotators have labeled are never among them.

        >>> QualityControl().find_disagreements([["a", "b", "a"], ["a", "a", None]], 0.5)
        [1]
        """
        if not 0 <= as_number(threshold) <= 1:
            raise ConfigurationError(f"threshold: expected a number from 0 to 1, got {threshold!r}")
        found = each_item(Annotations.of(annotations), np.random.default_rng(0))
        below = [(share, item) for item, share in found if share < threshold]
        return [item for _, item in sorted(below, key=lambda one: one[0])]

    @overload
    def consensus_labeling(self, annotations: pd.DataFrame, method: str = ...) -> pd.DataFrame: ...

    @overload
    def consensus_labeling(
        self, annotations: Sequence[Sequence[Any]], method: str = ...
    ) -> list[Any]: ...

    def consensus_labeling(self, annotations: Any, method: str = "majority_vote") -> Any:
        """Return a label for every item, and of a frame a frame of items with a confidence too.

        None is the label where the method does not decide, as where a vote is tied, or nobody has
        labeled the item; its confidence is 0. Confidences are the share of the vote, the
        probability that the method gives to the label, or, of shapes, what its rule says. The
        items of the frame are in the order of their first rows, its columns label and confidence.

        Args:
            annotations: one sequence of labels per annotator, or a frame.
            method: `majority_vote`, `weighted_vote`, `one_coin`, `dawid_skene`, or `auto`, which
                the data choose; of boxes, polygons and masks `majority_vote` or `auto`, which are
                one rule: objects that several drew become one, kept where it probably exists.

        Raises:
            ConfigurationError: no such method, of labels or of shapes.
            DataError: annotations that are neither form.

        >>> QualityControl().consensus_labeling([["a", "b"], ["a", "a"], ["a", "b"]])
        ['a', 'b']
        """
        given = Annotations.of(annotations)
        labels, confidence = decided(given, method)
        if not is_frame(annotations):
            return labels
        import pandas as pd

        return pd.DataFrame(
            {"label": pd.Series(labels, dtype=object), "confidence": confidence}
        ).set_axis(pd.Index(given.items, name="item", tupleize_cols=False))
