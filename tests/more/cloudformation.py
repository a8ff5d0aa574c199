"""What CloudFormation makes of the template under some parameters."""

from samcli.yamlhelper import yaml_parse

from harness import ROOT

NOTHING = {"Ref": "AWS::NoValue"}


def read():
    return yaml_parse((ROOT / "template.yaml").read_text())


def given(template, **values):
    """The template with these values as the parameters' defaults."""
    parameters = {name: each | {"Default": values.get(name, each.get("Default"))} for name, each in template["Parameters"].items()}
    assert values.keys() <= parameters.keys()
    return dict(template) | {"Parameters": parameters}


def resolve(value, template):
    """The value under the parameters' defaults. What refers to a resource is left as it stands."""
    if isinstance(value, list):
        return [each for each in (resolve(each, template) for each in value) if each != NOTHING]
    if not isinstance(value, dict):
        return value
    if len(value) > 1:
        resolved = {name: resolve(each, template) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each != NOTHING}
    ((name, of),) = value.items()
    match name:
        case "Ref" if of in template["Parameters"]:
            return template["Parameters"][of]["Default"]
        case "Condition":
            return resolve(template["Conditions"][of], template)
        case "Fn::If":
            return resolve(of[1 if resolve({"Condition": of[0]}, template) else 2], template)
        case "Fn::Equals":
            one, other = resolve(of, template)
            return one == other
        case "Fn::Not":
            return not resolve(of[0], template)
        case "Fn::And":
            return all(resolve(of, template))
        case "Fn::Join":
            between, parts = resolve(of, template)
            return between.join(parts)
        case "Fn::Or":
            return any(resolve(of, template))
        case "Fn::FindInMap":
            table, row, column = resolve(of, template)
            return template["Mappings"][table][row][column]
    return {name: resolve(of, template)}
