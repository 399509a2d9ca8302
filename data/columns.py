"""The names of columns, once: those of imported tables and those a reader hands on."""

from __future__ import annotations

USER_ID = "user_id"
ITEM_ID = "item_id"
TIME = "time"
WEIGHT = "weight"
TEXT = "text"
ATTRIBUTES = "attributes"
CREATED_AT = "created_at"
ROW = "row"
