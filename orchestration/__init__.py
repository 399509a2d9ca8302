"""When and where. Importing this package first keeps every library from phoning home."""

import os
import warnings

SWITCHES = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MPLBACKEND": "Agg",
    "OMP_WAIT_POLICY": "passive",  # idle threads that spin would take the cores from each other
}
for _name, _value in SWITCHES.items():
    os.environ.setdefault(_name, _value)

# Dagster announces on every start that checks of partitioned assets are young; the tests pin what we use of them.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
