"""How `analytics-tracker replay` finds its queues, and what it says if it cannot."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from analytics_tracker_construct import cli
from analytics_tracker_construct._handler import settings

from .cloud import Cloud, Queues, letter, stack_of, started
from .deployed import Deployed
from .running import run


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def tracker(cloud: Cloud) -> Deployed:
    return Deployed(cloud)


def test_finds_the_queues_of_a_function(cloud: Cloud, tracker: Deployed) -> None:
    tracker.queues.bury(body := letter("shop-1", "shop"))

    done = cloud.inside("replay", "--function", tracker.function)

    assert done.returncode == 0, done.stderr
    assert body in tracker.queues.waiting()
    assert tracker.queues.dead_letters() == []


def _stack(cloud: Cloud, name: str, *trackers: Deployed) -> None:
    """Make a stack with functions of these settings, and a writer."""

    def function(index: int, variables: dict[str, str]) -> dict[str, object]:
        role = cloud.client("iam").get_role(RoleName=f"ingest-{trackers[0].tag}")
        return {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": f"{name}-{index}",
                "Role": role["Role"]["Arn"],
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Code": {"ZipFile": "x = 1"},
                "Environment": {"Variables": variables},
            },
        }

    variables = [tracker.environment for tracker in trackers]
    template = {
        "Resources": {
            f"F{index}": function(index, each)
            for index, each in enumerate([{settings.METRICS: "1"}, *variables])
        }
    }
    cloud.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template)
    )


def test_finds_the_queues_of_a_stack(cloud: Cloud, tracker: Deployed) -> None:
    """Among its functions only the tracker's has the settings."""
    tracker.queues.bury(body := letter("shop-1", "shop"))
    _stack(cloud, "Website", tracker)

    done = cloud.inside("replay", "--stack", "Website")

    assert done.returncode == 0, done.stderr
    assert body in tracker.queues.waiting()


def test_two_trackers_in_a_stack_have_to_be_named(
    cloud: Cloud, tracker: Deployed
) -> None:
    _stack(cloud, "Both", tracker, tracker)

    done = cloud.inside("replay", "--stack", "Both")

    assert done.returncode == 2
    assert "stack Both has 2 trackers" in done.stderr
    assert "--function: Both-1, Both-2" in done.stderr


def test_a_stack_without_a_tracker_is_told(cloud: Cloud) -> None:
    template = {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
    cloud.client("cloudformation").create_stack(
        StackName="Other", TemplateBody=json.dumps(template)
    )

    done = cloud.inside("replay", "--stack", "Other")

    assert done.returncode == 2
    assert "no function in stack Other has the tracker's settings" in done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--stack", "nothing"), "there is no stack nothing in eu-west-1"),
        (("--function", "nothing"), "there is no function nothing in eu-west-1"),
        (
            ("--queue", "http://127.0.0.1/123456789012/nothing"),
            "there is no queue http://127.0.0.1/123456789012/nothing",
        ),
    ],
)
def test_what_does_not_exist_is_a_wrong_argument(
    cloud: Cloud, option: tuple[str, str], said: str
) -> None:
    done = cloud.inside("replay", *option)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_writer_has_no_queue_of_its_own(cloud: Cloud, tracker: Deployed) -> None:
    done = cloud.inside("replay", "--function", tracker.writer)

    assert done.returncode == 2
    assert "has no queue in TRACKER_QUEUE_URL" in done.stderr


def test_an_environment_that_the_caller_cannot_decrypt_is_told(
    cloud: Cloud, tracker: Deployed
) -> None:
    """It is not known whether it names a queue."""
    with cloud.locked(tracker.function):
        done = cloud.inside("replay", "--function", tracker.function)

    assert (done.returncode, done.stdout) == (1, "")
    said = f"Lambda cannot decrypt the environment of {tracker.function}: you need"
    assert f"{said} kms:Decrypt on its key, or name the queue with --queue" in (
        done.stderr
    )


@pytest.mark.parametrize("command", ["replay", "doctor"])
def test_a_stack_whose_environments_the_caller_cannot_decrypt_is_told(
    cloud: Cloud, tracker: Deployed, command: str
) -> None:
    """It is not known whether a tracker is among its functions."""
    names = (tracker.writer, tracker.function)
    functions = [("AWS::Lambda::Function", each) for each in names]
    with stack_of(cloud, *functions), cloud.locked(*names):
        done = cloud.inside(command, "--stack", "Website")

    assert done.returncode == 1
    said = f"Lambda cannot decrypt the environment of {', '.join(names)}: you need"
    assert f"{said} kms:Decrypt on its key, or name the tracker's function with" in (
        done.stderr
    )
    assert "--queue" in done.stderr


def test_a_strangers_environment_that_is_locked_is_in_nobodys_way(
    cloud: Cloud, tracker: Deployed
) -> None:
    tracker.queues.bury(body := letter("shop-1", "shop"))
    names = (tracker.writer, tracker.function)
    functions = [("AWS::Lambda::Function", each) for each in names]
    with stack_of(cloud, *functions), cloud.locked(tracker.writer):
        done = cloud.inside("replay", "--stack", "Website")

    assert done.returncode == 0, done.stderr
    assert body in tracker.queues.waiting()


def test_the_dead_letters_queue_itself_is_refused(
    cloud: Cloud, tracker: Deployed
) -> None:
    done = cloud.inside("replay", "--queue", tracker.queues.dead)

    assert done.returncode == 2
    assert "has no dead-letter queue; name the queue that the function" in done.stderr


def test_dead_letters_that_looking_would_move_are_left(cloud: Cloud) -> None:
    queues, last = Queues(cloud), Queues(cloud)
    policy = {"deadLetterTargetArn": last.arn, "maxReceiveCount": 1}
    cloud.sqs.set_queue_attributes(
        QueueUrl=queues.dead, Attributes={"RedrivePolicy": json.dumps(policy)}
    )
    queues.bury(letter("shop-1", "shop"))

    done = cloud.inside("replay", "--queue", queues.main)

    assert done.returncode == 1
    assert "remove its redrive policy first" in done.stderr
    assert (len(queues.dead_letters()), queues.hidden()) == (1, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--stack", ""],
        ["--function", ""],
        ["--queue", "https://x/1/q", "--function", "y"],
        ["--queue", "https://x/1/q", "--tenant", "shop", "--bucket", "shop-1"],
        ["--queue", "https://x/1/q", "--tenant", "Shop"],
        ["--queue", "https://x/1/q", "--bucket", "a.b"],
        ["--queue", "https://x/1/q", "--max", "0"],
        ["--queue", "https://x/1/q", "--max", "many"],
        ["--queue", "https://x/1/q", "--format", "csv"],
    ],
)
def test_wrong_arguments_exit_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["replay", *arguments])

    assert caught.value.code == 2


def test_what_it_needs_is_named_where_it_may_not(cloud: Cloud) -> None:
    queues = cloud.queues()
    queues.bury(body := letter("shop-1", "shop"))
    with cloud.forbidden("sqs:SendMessage", "sqs:SendMessageBatch") as keys:
        done = cloud.inside("replay", "--queue", queues.main, **keys)

    assert done.returncode == 1
    assert "AWS refuses sqs:SendMessage; allow it to your user or role" in done.stderr
    assert done.stdout.startswith("moved 0 letters")
    assert (queues.waiting(), queues.dead_letters()) == ([], [body])


def test_without_credentials_says_how_to_sign_in(cloud: Cloud) -> None:
    none = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "")
    done = cloud.inside("replay", "--queue", "https://x/1/q", **none)

    assert done.returncode == 1
    assert "there are no AWS credentials to use" in done.stderr
    assert "--profile" in done.stderr


def test_without_a_region_asks_for_one(cloud: Cloud) -> None:
    done = cloud.inside("replay", "--function", "x", AWS_DEFAULT_REGION="")

    assert done.returncode == 2
    assert "--region" in done.stderr


def test_the_region_of_a_queue_is_that_of_its_url(cloud: Cloud) -> None:
    queues = cloud.queues()
    name = queues.main.rpartition("/")[2]
    url = f"https://sqs.eu-west-1.amazonaws.com/123456789012/{name}"

    done = cloud.inside("replay", "--queue", url, AWS_DEFAULT_REGION="us-east-1")

    assert done.returncode == 0, done.stderr


def test_a_profile_that_does_not_exist_is_told(cloud: Cloud) -> None:
    done = cloud.inside("replay", "--function", "x", "--profile", "nobody")

    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert "--profile" in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "ftp://foo",
        "Q",
        "https://sqs.eu-west-1.amazonaws.com/Q",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/Q/",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/Q?x=1",
        "arn:aws:sqs:eu-west-1:123456789012:Q",
        "https:///123456789012/Q",
    ],
)
def test_what_is_no_url_of_a_queue_is_named_with_the_form(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["replay", "--queue", url])

    assert caught.value.code == 2
    assert f"{url!r} is not a queue's URL, http(s)://HOST/ACCOUNT/NAME" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("command", ["replay", "doctor"])
def test_without_boto3_says_what_to_install(
    cloud: Cloud, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    done = cloud.inside(command, "--function", "x")

    assert done.returncode == 1
    assert "pip install 'analytics-tracker-construct[aws]'" in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("replay", ["--dry-run", "--tenant", "StartMessageMoveTask", "new 14 days"]),
        ("doctor", ["--stack", "--database", "Exit status"]),
    ],
)
def test_help_shows_what_there_is(command: str, said: list[str]) -> None:
    done = run(command, "--help", COLUMNS="80")

    out = " ".join(done.stdout.split())
    assert [word for word in said if word not in out] == []
    assert max(map(len, done.stdout.splitlines())) <= 90
