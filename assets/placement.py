"""How items are placed: one setting, shared by the judge and by what is published."""

from assets.run_config import shared_config
from models.coldstart.config import ColdUpdateConfig

Placement = shared_config(ColdUpdateConfig)
