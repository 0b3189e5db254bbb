"""Time zones: the names that accounts use, and those of the IANA database.

Accounts use the names that Rails has for time zones. A name that is in neither list is kept as it is.
"""

from __future__ import annotations

from typing import Final

__all__ = ["iana_name", "zone_name"]

# Zones whose IANA name is the region and the name itself, with underscores for blanks.
_SAME: Final = {
    "Africa": "Cairo, Casablanca, Harare, Monrovia, Nairobi",
    "America": "Bogota, Caracas, Chihuahua, La Paz, Lima, Mazatlan, Mexico City, Monterrey, Montevideo, Puerto Rico, "
    "Santiago, Tijuana",
    "Asia": "Almaty, Baghdad, Baku, Bangkok, Chongqing, Dhaka, Hong Kong, Irkutsk, Jakarta, Jerusalem, Kabul, "
    "Kamchatka, Karachi, Kathmandu, Kolkata, Krasnoyarsk, Kuala Lumpur, Kuwait, Magadan, Muscat, Novosibirsk, Rangoon, "
    "Riyadh, Seoul, Singapore, Srednekolymsk, Taipei, Tashkent, Tbilisi, Tehran, Tokyo, Ulaanbaatar, Urumqi, "
    "Vladivostok, Yakutsk, Yerevan",
    "Atlantic": "Azores",
    "Australia": "Adelaide, Brisbane, Darwin, Hobart, Melbourne, Perth, Sydney",
    "Europe": "Amsterdam, Athens, Belgrade, Berlin, Bratislava, Brussels, Bucharest, Budapest, Copenhagen, Dublin, "
    "Helsinki, Istanbul, Kaliningrad, Lisbon, Ljubljana, London, Madrid, Minsk, Moscow, Paris, Prague, Riga, Rome, "
    "Samara, Sarajevo, Skopje, Sofia, Stockholm, Tallinn, Vienna, Vilnius, Volgograd, Warsaw, Zagreb, Zurich",
    "Pacific": "Auckland, Fiji, Guam, Port Moresby",
}

_OTHERS: Final = {
    "Abu Dhabi": "Asia/Muscat",
    "Alaska": "America/Juneau",
    "American Samoa": "Pacific/Pago_Pago",
    "Arizona": "America/Phoenix",
    "Astana": "Asia/Almaty",
    "Atlantic Time (Canada)": "America/Halifax",
    "Beijing": "Asia/Shanghai",
    "Bern": "Europe/Zurich",
    "Brasilia": "America/Sao_Paulo",
    "Buenos Aires": "America/Argentina/Buenos_Aires",
    "Canberra": "Australia/Canberra",
    "Cape Verde Is.": "Atlantic/Cape_Verde",
    "Central America": "America/Guatemala",
    "Central Time (US & Canada)": "America/Chicago",
    "Chatham Is.": "Pacific/Chatham",
    "Chennai": "Asia/Kolkata",
    "Eastern Time (US & Canada)": "America/New_York",
    "Edinburgh": "Europe/London",
    "Ekaterinburg": "Asia/Yekaterinburg",
    "Georgetown": "America/Guyana",
    "Greenland": "America/Nuuk",
    "Guadalajara": "America/Mexico_City",
    "Hanoi": "Asia/Bangkok",
    "Hawaii": "Pacific/Honolulu",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "International Date Line West": "Etc/GMT+12",
    "Islamabad": "Asia/Karachi",
    "Kyiv": "Europe/Kyiv",
    "Marshall Is.": "Pacific/Majuro",
    "Mid-Atlantic": "Atlantic/South_Georgia",
    "Midway Island": "Pacific/Midway",
    "Mountain Time (US & Canada)": "America/Denver",
    "Mumbai": "Asia/Kolkata",
    "New Caledonia": "Pacific/Noumea",
    "New Delhi": "Asia/Kolkata",
    "Newfoundland": "America/St_Johns",
    "Nuku'alofa": "Pacific/Tongatapu",
    "Osaka": "Asia/Tokyo",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Pretoria": "Africa/Johannesburg",
    "Quito": "America/Lima",
    "Samoa": "Pacific/Apia",
    "Sapporo": "Asia/Tokyo",
    "Saskatchewan": "America/Regina",
    "Solomon Is.": "Pacific/Guadalcanal",
    "Sri Jayawardenepura": "Asia/Colombo",
    "St. Petersburg": "Europe/Moscow",
    "Tokelau Is.": "Pacific/Fakaofo",
    "UTC": "Etc/UTC",
    "Wellington": "Pacific/Auckland",
    "West Central Africa": "Africa/Algiers",
}

# Other IANA names of the same zones.
_ALIASES: Final = {
    "America/Argentina/ComodRivadavia": "America/Argentina/Buenos_Aires",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Fort_Wayne": "America/Indiana/Indianapolis",
    "America/Godthab": "America/Nuuk",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Ulan_Bator": "Asia/Ulaanbaatar",
    "Asia/Yangon": "Asia/Rangoon",
    "Etc/GMT": "Etc/UTC",
    "Etc/UCT": "Etc/UTC",
    "Etc/Zulu": "Etc/UTC",
    "Europe/Kiev": "Europe/Kyiv",
    "US/Alaska": "America/Juneau",
    "US/Arizona": "America/Phoenix",
    "US/Central": "America/Chicago",
    "US/East-Indiana": "America/Indiana/Indianapolis",
    "US/Eastern": "America/New_York",
    "US/Hawaii": "Pacific/Honolulu",
    "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles",
}

_IANA: Final = {
    name: f"{region}/{name.replace(' ', '_')}" for region, names in _SAME.items() for name in names.split(", ")
} | _OTHERS
_OWN: Final = {iana: name for name, iana in sorted(_OTHERS.items(), reverse=True)} | {
    iana: name for name, iana in _IANA.items() if name not in _OTHERS
}


def iana_name(name: str) -> str | None:
    """Return the IANA name of an account's time zone, or None if it has none: `Arizona` -> `America/Phoenix`."""
    return _IANA.get(name)


def zone_name(name: str) -> str:
    """Return the account's name of a time zone: `America/New_York` -> `Eastern Time (US & Canada)`.

    Names that accounts use are kept.

    Raises:
        ValueError: accounts have no name for this IANA name.
    """
    if name in _IANA:
        return name
    known = _OWN.get(_ALIASES.get(name, name))
    if known is None and "/" in name:
        msg = f"accounts have no name for the zone {name!r}: give a near one that has the same clock, such as Berlin"
        raise ValueError(msg)
    return known or name
