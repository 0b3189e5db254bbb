"""The account's own pages (contract: account).

Rules of this room: pure. The status of the throttle is not here: it is told by whoever keeps the throttle.
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role, rights
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services
from harvest_async.sandbox.zones import identifier_of, offset_of

__all__ = ["ROUTES"]

_SHORT: Final = {
    "company": ("base_uri", "full_domain", "name", "active", "week_start_day", "time_format", "clock", "modules"),
    "user": ("id", "email", "admin", "first_name", "last_name", "timezone"),
}


def who_am_i(office: Services, asked: Query) -> Reply:
    """Contract: account.who_am_i."""
    told = {"company": _company(office), "user": _user(office, asked)}
    if "who_am_i_names" in office.world.quirks:
        told = {key: {name: told[key][name] for name in names} for key, names in _SHORT.items()}
    return Reply(content=office.writer.bare(told, asked.format))


def _company(office: Services) -> Record:
    comma = "csv_decimal_comma" in office.world.quirks
    return {
        "base_uri": "https://sandbox.harvestapp.com",
        "full_domain": "sandbox.harvestapp.com",
        "name": "Sandbox",
        "active": True,
        "week_start_day": "Monday",
        "time_format": "decimal",
        "clock": "12h",
        "decimal_symbol": "," if comma else ".",
        "thousands_separator": "." if comma else ",",
        "color_scheme": "orange",
        "plan_type": "trial",
        "modules": {name: name in office.modules for name in ("expenses", "invoices", "estimates", "approval")},
    }


def _user(office: Services, asked: Query) -> Record:
    person = asked.person
    return {
        "id": person["id"],
        "email": person["email"],
        "first_name": person["first_name"],
        "last_name": person["last_name"],
        "timezone": person["timezone"],
        "admin": person["is_admin"],  # contract: who_am_i_names
        "timezone_identifier": identifier_of(person["timezone"]),
        "timezone_utc_offset": offset_of(person["timezone"], asked.now),
        "avatar_url": "/images/default_avatar.gif",
        "project_manager": rights(person),
        "timestamp_timers": office.world.timestamps,
    }


ROUTES: Final = (Route("GET", "/account/who_am_i", Role.SELF, who_am_i),)
