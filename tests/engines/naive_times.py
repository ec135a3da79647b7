"""Calendar units in Python, for the oracle of queries."""

from datetime import date, timedelta
from typing import Any

from kai_flow.analyst.query.nodes import Grain, TimeGroup


def unit(group: TimeGroup, day: date) -> Any:
    if group.recurring:
        return part_of({"day": "weekday"}.get(group.grain, str(group.grain)), day)
    match group.grain:
        case Grain.YEAR:
            return day.year
        case Grain.QUARTER:
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case Grain.MONTH:
            return f"{day:%Y-%m}"
        case Grain.WEEK:
            return (day - timedelta(day.weekday())).isoformat()
        case Grain.DAY:
            return day.isoformat()


def unit_before(grain: Grain, label: Any) -> Any:
    match grain:
        case Grain.YEAR:
            return label - 1
        case Grain.QUARTER:
            year, quarter = int(label[:4]), int(label[-1])
            return f"{year}-Q{quarter - 1}" if quarter > 1 else f"{year - 1}-Q4"
        case Grain.MONTH:
            return f"{date.fromisoformat(label + '-01') - timedelta(1):%Y-%m}"
        case _:
            days = 7 if grain is Grain.WEEK else 1
            return (date.fromisoformat(label) - timedelta(days)).isoformat()


def part_of(part: str, day: date) -> int:
    return {
        "month": day.month,
        "quarter": (day.month + 2) // 3,
        "weekday": day.isoweekday(),
        "day": day.day,
    }[part]
