"""Every listed operation was driven by an unmodified client, and answered."""

from pathlib import Path

import pytest
from conftest import ANSWERED
from listed import listed

HERE = Path(__file__).parent


@pytest.mark.parametrize("service", sorted(listed()))
def test_every_listed_operation_was_answered(service, request):
    ran = {item.path for item in request.session.items}
    if not ran.issuperset(HERE.glob("test_*.py")) or len(request.config.option.keyword or "") > 0:
        pytest.skip("only a part of the tests runs")
    answered = {operation for name, operation in ANSWERED if name == service}
    assert sorted(set(listed()[service]) - answered) == []


def test_the_listed_services_are_found():
    assert {"s3", "dynamodb", "lambda", "iam", "sts"} <= set(listed())
