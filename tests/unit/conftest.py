"""What tests of the config share."""

import pytest
import yaml
from changed_config import changed

from epibench.errors import InputError
from epibench.make_plan import make_plan


@pytest.fixture
def planned(tmp_path):
    """Make a plan of a config, written to a file as a user would."""

    def plan(config):
        path = tmp_path / "study.yaml"
        path.write_text(yaml.safe_dump(config))
        return make_plan(config, [path])

    return plan


@pytest.fixture
def refusal(planned):
    """Expect a changed demo to be refused, and give the one sentence without the file's folder."""

    def refused(path, value):
        with pytest.raises(InputError) as error:
            planned(changed(path, value))
        message = str(error.value)
        assert "study.yaml: " in message
        assert "\n" not in message
        return message

    return refused
