//! From the JSON of a `where` to a [`Pattern`].

use super::alternative::{Alternative, Comparison};
use super::{Field, Pattern, Test};
use crate::json::Json;
use crate::mapping::error::{Fault, under};
use crate::mapping::{declaration, suggest};
use crate::number::Number;

const OPERATORS: &[&str] = &["prefix", "suffix", "equals-ignore-case", "anything-but", "numeric", "exists"];

const NUMERIC: &str = "`numeric` is `[\"=\", n]`, or one or both of `\">\", n` or `\">=\", n` and `\"<\", n` or `\"<=\", n`";

impl Pattern {
    /// Compiles a `where`.
    pub(in crate::mapping) fn compile(json: &Json<'_>) -> Result<Pattern, Fault> {
        if declaration::object(json)?.is_empty() {
            return Err(Fault::new("an empty pattern takes every document; if that is meant, leave it out"));
        }
        pattern(json, "")
    }
}

/// `pointer` is that of the object that the pattern is about.
fn pattern(json: &Json<'_>, pointer: &str) -> Result<Pattern, Fault> {
    let members = declaration::object(json)?;
    if members.is_empty() {
        return Err(Fault::new("a pattern needs at least one field"));
    }
    let mut compiled = Pattern { fields: Vec::new(), any_of: None };
    for (name, member) in members {
        if name == "$or" {
            compiled.any_of = Some(any_of(member, pointer).map_err(under(name))?);
        } else {
            compiled.fields.push(field(name, member, pointer).map_err(under(name))?);
        }
    }
    Ok(compiled)
}

fn any_of(json: &Json<'_>, pointer: &str) -> Result<Vec<Pattern>, Fault> {
    match json {
        Json::Array(patterns) if !patterns.is_empty() => {
            patterns.iter().enumerate().map(|(index, json)| pattern(json, pointer).map_err(under(index))).collect()
        }
        _ => Err(Fault::new("`$or` is an array of patterns")),
    }
}

fn field(name: &str, json: &Json<'_>, pointer: &str) -> Result<Field, Fault> {
    let here = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    let test = match json {
        Json::Object(_) => Test::Nested(pattern(json, &here)?),
        Json::Array(alternatives) => Test::AnyOf(several(alternatives, alternative)?),
        other => {
            return Err(Fault::new(format!("a field's test is an array of alternatives, for example `[\"x\"]`, not {}", other.kind())));
        }
    };
    let path = if pointer.is_empty() { name } else { &here };
    Ok(Field { name: name.into(), path: path.into(), test })
}

fn several(elements: &[Json<'_>], compile: fn(&Json<'_>) -> Result<Alternative, Fault>) -> Result<Vec<Alternative>, Fault> {
    if elements.is_empty() {
        return Err(Fault::new("an array of alternatives needs at least one"));
    }
    elements.iter().enumerate().map(|(index, element)| compile(element).map_err(under(index))).collect()
}

fn alternative(json: &Json<'_>) -> Result<Alternative, Fault> {
    let Json::Object(_) = json else { return scalar(json) };
    let (name, operand) = only_member(json)?;
    let compiled = match name {
        "anything-but" => anything_but(operand).map(Alternative::AnythingBut),
        "numeric" => numeric(operand).map(Alternative::Numeric),
        "exists" => match operand {
            Json::Bool(exists) => Ok(Alternative::Exists(*exists)),
            _ => Err(Fault::new("`exists` is true or false")),
        },
        _ => {
            textual(name, operand).unwrap_or_else(|| Err(Fault::new(format!("unknown pattern `{name}`{}", suggest::hint(name, OPERATORS)))))
        }
    };
    compiled.map_err(under(name))
}

fn scalar(json: &Json<'_>) -> Result<Alternative, Fault> {
    Ok(match json {
        Json::Null => Alternative::Null,
        Json::Bool(flag) => Alternative::Bool(*flag),
        Json::Number(digits) => Alternative::Number((*digits).into()),
        Json::String(text) => Alternative::Text(text.as_ref().into()),
        other => return Err(Fault::new(format!("{} cannot be an alternative here", other.kind()))),
    })
}

/// The operators that take one string; `None` for any other.
fn textual(name: &str, operand: &Json<'_>) -> Option<Result<Alternative, Fault>> {
    let build = match name {
        "prefix" => Alternative::Prefix,
        "suffix" => Alternative::Suffix,
        "equals-ignore-case" => Alternative::IgnoreCase,
        _ => return None,
    };
    Some(declaration::text(operand).map(|text| build(text.into())))
}

fn anything_but(operand: &Json<'_>) -> Result<Vec<Alternative>, Fault> {
    match operand {
        Json::Array(unwanted) => several(unwanted, scalar),
        Json::Object(_) => {
            let (name, operand) = only_member(operand)?;
            let unknown =
                || Err(Fault::new(format!("`anything-but` takes values, `prefix`, `suffix` or `equals-ignore-case`, not `{name}`")));
            textual(name, operand).unwrap_or_else(unknown).map(|unwanted| vec![unwanted]).map_err(under(name))
        }
        _ => scalar(operand).map(|unwanted| vec![unwanted]),
    }
}

fn numeric(operand: &Json<'_>) -> Result<Vec<(Comparison, Box<str>)>, Fault> {
    let Json::Array(elements) = operand else { return Err(Fault::new(NUMERIC)) };
    let mut bounds = Vec::new();
    for pair in elements.chunks(2) {
        let [Json::String(comparison), Json::Number(bound)] = pair else { return Err(Fault::new(NUMERIC)) };
        let comparison = match comparison.as_ref() {
            "=" => Comparison::Equal,
            ">" => Comparison::Above,
            ">=" => Comparison::AtLeast,
            "<" => Comparison::Below,
            "<=" => Comparison::AtMost,
            _ => return Err(Fault::new(NUMERIC)),
        };
        bounds.push((comparison, *bound));
    }
    let upper = |comparison| matches!(comparison, Comparison::Below | Comparison::AtMost);
    match *bounds {
        [_] => {}
        [(Comparison::Equal, _), _] | [_, (Comparison::Equal, _)] => return Err(Fault::new(NUMERIC)),
        [(first, left), (second, right)] if upper(first) != upper(second) => {
            let (low, high) = if upper(second) { (left, right) } else { (right, left) };
            if Number::parse(low) >= Number::parse(high) {
                return Err(Fault::new("the lower bound must be below the upper one"));
            }
        }
        _ => return Err(Fault::new(NUMERIC)),
    }
    Ok(bounds.into_iter().map(|(comparison, bound)| (comparison, bound.into())).collect())
}

fn only_member<'j>(json: &'j Json<'_>) -> Result<(&'j str, &'j Json<'j>), Fault> {
    match declaration::object(json)? {
        [(name, operand)] => Ok((name, operand)),
        _ => Err(Fault::new("a pattern such as `{\"prefix\": \"x\"}` has one member")),
    }
}
