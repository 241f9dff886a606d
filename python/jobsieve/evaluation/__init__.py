"""How right a rule set is, on adverts of which the right answer is known.

`labels` says which categories count for which label, `figures` how sure a figure is, `judgement` judges
one rule set, `comparison` two side by side, `history` remembers how often that was done.
"""

from __future__ import annotations

from jobsieve.evaluation.comparison import Comparison, compare
from jobsieve.evaluation.figures import Share, Span
from jobsieve.evaluation.judgement import Evaluation, Outcome, evaluate, judge
from jobsieve.evaluation.labels import LabelMap

__all__ = [
    "Comparison",
    "Evaluation",
    "LabelMap",
    "Outcome",
    "Share",
    "Span",
    "compare",
    "evaluate",
    "judge",
]
