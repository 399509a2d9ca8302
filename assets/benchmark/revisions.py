"""By hand: which code gives other figures than before, where no setting says so."""

from collections.abc import Mapping
from typing import Any

ONE_NUMBER_CHOSEN = 1
"""Cold validation items choose the one number that a closed form has."""

SUMMED_LIKENESS = 1
"""GAR's distance to a real vector is summed over its numbers; it was their mean."""

TEXTS = "texts"
"""Text vectors, which nearly every unit reads."""

CALIBRATION = "calibration"
"""How cold and warm items are put into one list; the grids in ``assets/calibrating.py`` among it."""

REVISIONS = {
    "tfidf_kernel_ridge": ONE_NUMBER_CHOSEN,
    "content_knn": ONE_NUMBER_CHOSEN,
    "text_popularity": ONE_NUMBER_CHOSEN,
    "ridge": ONE_NUMBER_CHOSEN,
    "ridge_root_degree": ONE_NUMBER_CHOSEN,
    "ridge_to_vectors": ONE_NUMBER_CHOSEN,
    "kernel_ridge": ONE_NUMBER_CHOSEN,
    "knn_vectors": ONE_NUMBER_CHOSEN,
    "knn_vectors_ngcf": ONE_NUMBER_CHOSEN,
    "knn_vectors_lightgcn": ONE_NUMBER_CHOSEN,
    "knn_vectors_ials": ONE_NUMBER_CHOSEN,
    "gar": SUMMED_LIKENESS,
    "gar_ngcf": SUMMED_LIKENESS,
    "gar_lightgcn": SUMMED_LIKENESS,
    "filterllm_random": 1,  # the tokens alone are random, no longer all that is made of vectors
}
"""By name of a unit's entry, or of what units share: a kind of vectors, :data:`TEXTS`, :data:`CALIBRATION`,
``filterllm``, ``coldllm-filter``, ``coldllm-refiner``. Raised by one, all of that name, and what is made of it, is
computed again."""


def revised(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with the revision of what they belong to.

    Args:
        name: As in :data:`REVISIONS`; of the first revision nothing is said.
        settings: JSON values.
    """
    revision = REVISIONS.get(name, 0)
    return {**settings, f"{name} revision": revision} if revision else dict(settings)
