"""The template's alarms and its dashboard, against the metrics that there are and against the docs."""

import json
import re

import pytest

import cloudformation
from cloudformation import NOTHING
from harness import ROOT

DEPLOY = (ROOT / "docs/deploy.md").read_text()
FUNCTIONS = ["Persist", "Ingest", "Relay"]

# The names of each function's metrics, by what its dimension `service` has after the stack's name. A test of Rust holds that page against the code.
METRICS = {
    "" if title == "persist" else f"-{title}": set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))
    for title, text in re.findall(r"\n## (persist|ingest|relay)\n(.*?)(?=\n## )", (ROOT / "docs/metrics.md").read_text(), re.DOTALL)
}


@pytest.fixture
def template():
    return cloudformation.read()


def alarms(template):
    return {name: each for name, each in template["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}


def test_every_alarm_tells_the_topic_and_is_in_the_docs(template):
    for name, each in alarms(template).items():
        told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], NOTHING]}
        assert (each["Properties"]["AlarmActions"], each["Properties"]["OKActions"]) == (told, told), name
    table = DEPLOY.partition("| alarm | when | what then |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(alarms(template))


def test_the_age_of_letters_is_alarming_at_half_of_the_streams_time(template):
    alarm = template["Resources"]["LettersAgeAlarm"]["Properties"]
    expression, seconds = alarm["Metrics"][0]["Expression"]["Fn::Sub"]
    assert (expression, alarm["Threshold"]) == ("age / ${Seconds}", 0.5)
    mapping = template["Resources"]["Persist"]["Properties"]["Events"]["FromStream"]["Properties"]
    assert seconds["Seconds"] == mapping["MaximumRecordAgeInSeconds"]


def service(template, function):
    """What the dimension `service` of the function's metrics has after the stack's name."""
    said = template["Resources"][function]["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    return "" if said == {"Ref": "AWS::StackName"} else said["Fn::Sub"].removeprefix("${AWS::StackName}")


def test_each_function_has_metrics_of_its_own_in_one_namespace(template):
    assert [service(template, name) for name in FUNCTIONS] == list(METRICS)
    for name in FUNCTIONS:
        variables = template["Resources"][name]["Properties"]["Environment"]["Variables"]
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "MetricsNamespace"}
        assert variables["POWERTOOLS_LOGGER_SAMPLE_RATE"] == {"Ref": "LogSampleRate"}


def test_alarms_on_metrics_of_our_own_name_some_that_there_are(template):
    own = [each["Properties"] for each in alarms(template).values() if each["Properties"].get("Namespace") == {"Ref": "MetricsNamespace"}]
    assert len(own) == 2
    for each in own:
        assert each["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
        assert each["MetricName"] in METRICS[""]


SEARCH = re.compile(r"""SEARCH\('\{"own",service\} service="stack(.*)" MetricName=(\w+) NOT MetricName="\2"', 'Sum'\)""")


def own_metrics(widget):
    """The metrics of our own that a widget shows, each beside its service; a search is for names that begin so."""
    before = []
    for metric in widget["properties"]["metrics"]:
        if isinstance(metric[0], dict):
            service, name = SEARCH.fullmatch(metric[0]["expression"]).groups()
            yield service, {each for each in METRICS[service] if each.startswith(f"{name}.")}
            continue
        names = [each for each in metric if isinstance(each, str)]
        # A dot stands for what the metric before has there.
        before = [last if each == "." else each for each, last in zip(names, before or names, strict=True)]
        namespace, name, dimension, value = before
        if namespace == "own":
            assert dimension == "service"
            yield value.removeprefix("stack"), {name}


@pytest.mark.parametrize("doors", [[], ["OfIngest"], ["OfRelay"], ["OfIngest", "OfRelay"]], ids=" ".join)
def test_the_dashboard_is_json_and_shows_metrics_that_there_are(template, doors):
    body, widgets = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, choice in widgets.items():
        _, there, nothing = choice["Fn::If"]
        body = body.replace(f"${{{name}}}", there["Fn::Sub"] if name in doors else nothing)
    body = body.replace("${MetricsNamespace}", "own").replace("${AWS::StackName}", "stack")
    named = set(re.findall(r"\$\{([\w:.]+)\}", body))
    assert named == {"AWS::Region", "Persist", "PersistFromStream", "Letters.QueueName"} | {name.removeprefix("Of") for name in doors}

    shown = {service: set() for service in METRICS}
    for widget in json.loads(body)["widgets"]:
        for service, names in own_metrics(widget):
            assert names and names <= METRICS[service]
            shown[service] |= names
    # The letters that were sent are shown by reason, and those that wait in the queue.
    assert METRICS[""] - shown[""] == {"Letters"}
    assert [service for service, names in shown.items() if names] == [""] + [f"-{name.removeprefix('Of').lower()}" for name in doors]
