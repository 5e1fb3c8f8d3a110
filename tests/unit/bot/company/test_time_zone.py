from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from bot.company.model import About


def test_a_company_without_a_time_zone_uses_utc():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert noon.astimezone(About(name="A").zone).utcoffset() == timedelta(0)


def test_a_company_writes_times_as_its_people_read_them():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    zone = About(name="A", timezone="Europe/Madrid").zone
    assert f"{noon.astimezone(zone):%H:%M %Z}" == "14:00 CEST"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_does_not_exist_is_refused(name: str):
    with pytest.raises(ValidationError, match="is no time zone known here"):
        About(name="A", timezone=name)
