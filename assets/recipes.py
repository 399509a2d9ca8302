"""Named sets of settings over all stations: the product's own, and FilterLLM's reference form."""

from dataclasses import fields
from typing import Any, Literal, get_args

from models.coldstart.config import ColdUpdateConfig
from models.filterllm.config import FilterLLMConfig

RecipeName = Literal["default", "reference"]
RECIPES: tuple[RecipeName, ...] = get_args(RecipeName)


def recipe(name: RecipeName) -> dict[str, dict[str, Any]]:
    """What a recipe sets differently from the defaults, by section and field.

    Args:
        name: ``default`` sets nothing. ``reference``: user tokens from the BPR vectors, Linear + ReLU, inner
            product, the two losses of the paper to the last epoch, and items placed by BPR in that space.

    Source:
        FilterLLM, arXiv 2502.16924.
    """
    if name == "default":
        return {}
    return {
        "tokens": {"method": "bpr"},
        "filterllm": {**_differing(FilterLLMConfig.reference()), "kept_epoch": "last"},
        "placement": _differing(ColdUpdateConfig.literal()),
    }


def _differing(config: Any) -> dict[str, Any]:
    whole = type(config)()
    values = {field.name: getattr(config, field.name) for field in fields(config)}
    return {name: value for name, value in values.items() if value != getattr(whole, name)}
