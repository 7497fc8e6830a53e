"""A serverless function's client becomes a variable of its module, unless what runs before it may matter."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import write

from conn_lint.config.projects import Job, check_projects
from conn_lint.config.repairs import Repairs
from conn_lint.config.resolve import Flags
from conn_lint.model.fix import Applicability

HANDLER = """\
import os

import boto3
import mail


def lambda_handler(event, context):
    mail.prepare()
    ses = boto3.client("ses")
    ses.send_email(Source=event["from"])
"""
EARLY = 'import mail\n\nses = boto3.client("ses")\n'
CACHED = '@functools.cache\ndef _get_ses():\n    return boto3.client("ses")\n'
TEST = "def test_it():\n    {}\n"


def fixed(folder: Path, files: dict[str, str]) -> str:
    """What the handler's file becomes."""
    write(folder, {"pyproject.toml": "", "mail.py": "def prepare():\n    pass\n", **files})
    repairs = Repairs(Applicability.UNSAFE)
    check_projects(Job(paths=(str(folder),)), Flags(use_cache=False), cure=repairs)
    return repairs.done[0].after["handler.py"].decode()


@pytest.mark.parametrize(
    ("files", "is_early"),
    [
        ({}, True),
        ({"tests/test_mail.py": "import mail\n\n" + TEST.format("mail.prepare()")}, True),
        ({"tests/test_it.py": "import handler\n\n" + TEST.format("handler.run({})")}, False),
        (  # through another file
            {
                "tests/test_it.py": "import app\n\n" + TEST.format("app.run({})"),
                "app.py": "import handler\n\n\ndef run(event):\n    pass\n",
            },
            False,
        ),
        (  # however the file was found
            {"tests/test_it.py": "import loaded\n\n" + TEST.format("loaded.lambda_handler({}, 0)")},
            False,
        ),
    ],
)
def test_tests_must_not_import_it(tmp_path: Path, files: dict[str, str], is_early: bool) -> None:
    after = fixed(tmp_path, {"handler.py": HANDLER, **files})
    assert (EARLY in after, CACHED in after) == (is_early, not is_early)


@pytest.mark.parametrize(
    ("old", "new", "is_early"),
    [
        ("    mail.prepare()\n", '    os.environ["STAGE"] = event["stage"]\n', False),
        ("    mail.prepare()\n", '    os.environ.setdefault("STAGE", event["stage"])\n', False),
        ("    mail.prepare()\n", "    mail.load_dotenv()\n", False),
        ("    mail.prepare()\n", '    os.environ.get("STAGE")\n', True),
        ("import mail\n\n", 'import mail\n\nos.environ["STAGE"] = "test"\n\n', True),
        ("    mail.prepare()\n", "    if not event:\n        return\n", False),
        ("    mail.prepare()\n", "    if not event:\n        print(event)\n", True),
        ("    mail.prepare()\n", '    boto3.setup_default_session(region_name="eu")\n', False),
        ("import mail\n\n", 'import mail\n\nboto3.setup_default_session(region_name="eu")\n', True),
        ("    mail.prepare()\n", "    boto3.DEFAULT_SESSION = event\n", False),
        ("    mail.prepare()\n", "    mail.DEFAULT_SESSION = event\n", True),
        (
            "import boto3\n",
            "try:\n    import boto3\nexcept ImportError:\n    boto3 = None\n",
            False,
        ),
        ("\n\ndef", '\n\nif mail.here:\n    os.environ["STAGE"] = "test"\n\n\ndef', False),
    ],
)
def test_nothing_may_matter_that_runs_before_it(
    tmp_path: Path, old: str, new: str, is_early: bool
) -> None:
    after = fixed(tmp_path, {"handler.py": HANDLER.replace(old, new, 1)})
    assert ('\nses = boto3.client("ses")\n' in after, CACHED in after) == (is_early, not is_early)


def test_who_is_called_from_another_file_is_made_at_first_use(tmp_path: Path) -> None:
    helper = HANDLER.replace("lambda_handler(event, context)", "send(event)")
    handler = "import sender\n\n\ndef lambda_handler(event, context):\n    sender.send(event)\n"
    write(tmp_path, {"sender.py": helper})
    repairs = Repairs(Applicability.UNSAFE)
    write(tmp_path, {"pyproject.toml": "", "mail.py": "def prepare():\n    pass\n"})
    write(tmp_path, {"handler.py": handler})
    check_projects(Job(paths=(str(tmp_path),)), Flags(use_cache=False), cure=repairs)
    assert CACHED in repairs.done[0].after["sender.py"].decode()
