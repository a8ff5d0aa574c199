"""The template's alarms and its dashboard, against the metrics that there are and against the docs."""

import json
import re

import pytest

import cloudformation
from cloudformation import NOTHING
from harness import ROOT

DEPLOY = (ROOT / "docs/deploy.md").read_text()
FUNCTIONS = ["Persist", "Ingest", "Relay"]

# The metrics of each function, by the dimension `service`.
METRICS = {
    "": """Persisted Superseded Filtered Skipped OverLimit Rejected Failed Retry Letters SystemicFailure DryRun ColdStart Records Documents Bytes
        DecompressedBytes WriteRequests WriteRetries WriteThrottles QueueRequests BatchIdRequests WriteUnits BatchIdAge LagP50 LagMax""".split(),
    "-ingest": """Requests Responses Persisted Superseded Filtered Skipped Rejected Failed Retry WriteRequests WriteRetries WriteThrottles WriteUnits
        ColdStart""".split(),
    "-relay": "Records Delivered Skipped Undelivered Posts LagMax ColdStart".split(),
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
    """What the function's metrics have as their dimension `service`, after the stack's name."""
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


@pytest.mark.parametrize("doors", [[], ["OfIngest"], ["OfRelay"], ["OfIngest", "OfRelay"]], ids=" ".join)
def test_the_dashboard_is_json_and_shows_metrics_that_there_are(template, doors):
    body, widgets = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, (_, text, none) in ((name, each["Fn::If"]) for name, each in widgets.items()):
        assert none == ""
        body = body.replace(f"${{{name}}}", text["Fn::Sub"] if name in doors else "")
    body = body.replace("${MetricsNamespace}", "own").replace("${AWS::StackName}", "stack")
    left = set(re.findall(r"\$\{([\w:.]+)\}", body))
    assert left == {"AWS::Region", "Persist", "PersistFromStream", "Letters.QueueName"} | {name[2:] for name in doors}

    shown = {service: set() for service in METRICS}
    for widget in json.loads(body)["widgets"]:
        assert widget["width"] * 2 % 8 == 0 or widget["width"] == 12
        before = []
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                schema, of, name = re.search(r"""SEARCH\('\{(.*)\} service="(.*)" MetricName=(\w+) NOT MetricName="\3"', 'Sum'\)""", metric[0]["expression"]).groups()
                assert schema == '"own",service'
                shown[of.removeprefix("stack")].add(name)
                continue
            plain = [each for each in metric if isinstance(each, str)]
            before = [last if each == "." else each for each, last in zip(plain, before or plain, strict=True)]
            namespace, name, dimension, value = before
            if namespace == "own":
                assert dimension == "service"
                shown[value.removeprefix("stack")].add(name)
    for of, names in shown.items():
        assert names <= set(METRICS[of])
    assert set(METRICS[""]) - shown[""] == set()
