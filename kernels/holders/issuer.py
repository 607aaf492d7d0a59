"""The issuer sells new stock above a price; issuance events sell it, too (docs/model.md, 7)."""

from __future__ import annotations

from .declaration import Field, Holder, Holding, Quantity, Record, Switch
from .subject import Subject


def pack(name: Subject) -> Record:
    issuer = name.p.issuer
    return {
        "issue_threshold": issuer.threshold,
        "issue_maximum": issuer.maximum,
        "issue_participation_dt": issuer.participation * name.dt,
    }


HOLDER = Holder(
    "issuer",
    fields=(
        Field("issue_threshold", "x"),
        Field("issue_maximum", "floats"),
        Field("issue_participation_dt"),
    ),
    quantities=(
        Quantity("issued", "floats", "shares issued so far", undone=True, holder="issued"),
    ),
    switches=(
        Switch("ISSUER", 4096, lambda use: use.some("issue_maximum", "issue_participation_dt")),
    ),
    holding=Holding("issued", ("ISSUER", "PROGRAMMES"), owed=True),
    pack=pack,
    example={"maximum": 0.1},
)
