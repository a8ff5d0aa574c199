//! The mapping that `PARTITION_KEY` and `SORT_KEY` are a short form of: every field kept, and key attributes that may show the time.
//!
//! In: the settings' texts. Out: a declaration, or every setting that cannot be used and why.

use super::convert;
use super::declaration::{self, Declaration};
use super::error::Fault;
use super::field::Field;
use super::item::{Attribute, Mapping};
use super::key::{KeyAttribute, KeyKind, KeySchema};
use super::reference::{Need, Reference, Source};
use super::table::{Types, declared};
use super::time::{Format, Time, Unit, Zone};
use super::value::Value;

/// The field that holds a document's time unless `TIME_FIELD` names another.
const TIME_FIELD: &str = "timestamp";

/// The settings of the short form, as they were given.
#[derive(Debug, Clone, Copy, Default)]
pub struct ShortForm<'s> {
    /// A field's name, which `:N` or `:B` may follow, or `attribute|strftime pattern`.
    pub partition: &'s str,
    pub sort: Option<&'s str>,
    pub time_field: Option<&'s str>,
    pub time_unit: Option<&'s str>,
    pub time_zone: Option<&'s str>,
}

/// What cannot be used: the setting's name, and why.
pub type Problems = Vec<(&'static str, String)>;

/// One key attribute.
struct Part {
    attribute: KeyAttribute,
    /// Present if the attribute is not simply the field of its name.
    value: Option<Value>,
}

/// Compiles the short form.
pub(super) fn compile(short: ShortForm<'_>) -> Result<Declaration, Problems> {
    let mut problems = Problems::new();
    let partition = keep(part(short.partition), "PARTITION_KEY", &mut problems);
    let sort = short.sort.and_then(|sort| keep(part(sort), "SORT_KEY", &mut problems));
    let cannot = |fault: Fault| format!("cannot be used: {}", fault.message());
    let field = keep(Field::compile(short.time_field.unwrap_or(TIME_FIELD)).map_err(cannot), "TIME_FIELD", &mut problems);
    let unit = keep(short.time_unit.map_or(Ok(Unit::Auto), Unit::compile).map_err(cannot), "TIME_UNIT", &mut problems);
    let zone = keep(short.time_zone.map_or(Ok(Zone::Utc), Zone::compile).map_err(cannot), "TIME_ZONE", &mut problems);
    if let (Some(one), Some(other)) = (&partition, &sort)
        && one.attribute.name == other.attribute.name
    {
        problems.push(("SORT_KEY", format!("makes the attribute `{}`, as PARTITION_KEY does; they are two", one.attribute.name)));
    }
    match (partition, unit, zone) {
        (Some(partition), Some(unit), Some(zone)) if problems.is_empty() => {
            declaration(partition, sort, Time { field, unit, zone }).map_err(|fault| vec![("PARTITION_KEY", cannot(fault))])
        }
        _ => Err(problems),
    }
}

fn declaration(partition: Part, sort: Option<Part>, time: Time) -> Result<Declaration, Fault> {
    let mut types = Types::default();
    let key = KeySchema { partition: partition.attribute.clone(), sort: sort.as_ref().map(|sort| sort.attribute.clone()) };
    for attribute in std::iter::once(&key.partition).chain(&key.sort) {
        types.declare(&attribute.name, attribute.kind)?;
    }
    let parts = std::iter::once(partition).chain(sort);
    let attributes: Vec<Attribute> = parts
        .filter_map(|part| {
            let typed = declared(&key, &types, &part.attribute.name);
            Some(Attribute { name: part.attribute.name.into(), value: part.value?, typed })
        })
        .collect();
    let rest = Some(declaration::rest(&attributes, &key, &types));
    let mapping = Mapping { pattern: None, delete: None, tombstones: false, time, attributes, rest };
    Ok(Declaration { mappings: vec![mapping], key, types, order: None })
}

/// Reads one key. Only the first `|` separates, and only a suffix that is a type is one.
fn part(text: &str) -> Result<Part, String> {
    let (name, pattern) = text.split_once('|').map_or((text, None), |(name, pattern)| (name, Some(pattern)));
    let typed = [(":S", KeyKind::S), (":N", KeyKind::N), (":B", KeyKind::B)];
    let suffix = typed.iter().filter(|_| pattern.is_none()).find_map(|(suffix, kind)| Some((name.strip_suffix(suffix)?, *kind)));
    let (name, kind) = suffix.unwrap_or((name, KeyKind::S));
    if name.is_empty() {
        return Err(format!("is {text:?}; it must be a field's name, or `attribute|strftime pattern`"));
    }
    let only = |source| Reference { sources: vec![source], need: Need::Present };
    let value = match pattern {
        Some(pattern) => {
            let format = Format::compile(pattern).map_err(|fault| format!("cannot be used: {}", fault.message()))?;
            Some(Value::Reference(only(Source::Time(Some(format)))))
        }
        None if kind == KeyKind::B => Some(convert::binary(only(Source::Field(Field::Name(name.into()))))),
        None => None,
    };
    Ok(Part { attribute: KeyAttribute { name: name.to_owned(), kind }, value })
}

fn keep<T>(result: Result<T, String>, name: &'static str, problems: &mut Problems) -> Option<T> {
    result.map_err(|message| problems.push((name, message))).ok()
}

#[cfg(test)]
mod tests {
    use super::super::origin::tests::ORIGIN;
    use super::super::{Mapped, Mappings};
    use super::*;
    use crate::json::parse;

    #[test]
    fn keys_alone_declare_a_mapping_that_keeps_every_field() {
        let short = |partition, sort| ShortForm { partition, sort, ..ShortForm::default() };
        let item = |short, document: &str| match Mappings::derived(short).unwrap().map(&parse(document).unwrap(), &ORIGIN) {
            Mapped::Item(item) => item.json,
            other => panic!("{document}: {other:?}"),
        };
        assert_eq!(item(short("a", Some("b:N")), r#"{"a":"x","b":1.0}"#), r#"{"a":{"S":"x"},"b":{"N":"1.0"}}"#);
        assert_eq!(item(short("a:N:S", None), r#"{"a:N":"x"}"#), r#"{"a:N":{"S":"x"}}"#);
        assert_eq!(item(short("a:B", None), r#"{"a":"AP8=","b":null}"#), r#"{"a":{"B":"AP8="},"b":{"NULL":true}}"#);
        let own =
            ShortForm { time_field: Some("/m/t"), time_unit: Some("rfc3339"), time_zone: Some("asia/kolkata"), ..short("d|%F|%z", None) };
        assert_eq!(
            item(own, r#"{"m":{"t":"2022-11-07T20:00:00Z"},"d":1}"#).split(",\"m\"").next().unwrap(),
            r#"{"d":{"S":"2022-11-08|+0530"}"#
        );
        assert!(!Mappings::derived(short("a", Some("b"))).unwrap().names_time());
        assert_eq!(Mappings::derived(short("a|%Y-%m", None)).unwrap().warnings().count(), 1);
    }

    #[test]
    fn every_key_and_time_setting_that_cannot_be_used_is_named() {
        let problems = Mappings::derived(ShortForm {
            partition: "a|%Y-%Q",
            sort: Some("|%Y"),
            time_field: Some("/a~2"),
            time_unit: Some("mss"),
            time_zone: Some("Mars/Base"),
        });
        let problems = problems.unwrap_err();
        let names: Vec<&str> = problems.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["PARTITION_KEY", "SORT_KEY", "TIME_FIELD", "TIME_UNIT", "TIME_ZONE"]);
        for (problem, part) in problems.iter().zip([
            "`%Q` is no supported",
            "it must be a field's name",
            "JSON Pointer",
            "did you mean `ms`?",
            "did you mean `",
        ]) {
            assert!(problem.1.contains(part), "{problem:?}");
        }
        let one = |partition, sort| Mappings::derived(ShortForm { partition, sort, ..ShortForm::default() }).unwrap_err()[0].clone();
        assert!(one("a", Some("a|%Y")).1.contains("makes the attribute `a`, as PARTITION_KEY does"));
        assert!(one("a|", None).1.contains("needs a strftime pattern"));
        assert!(one(&"n".repeat(256), None).1.contains("1 to 255 bytes"));
    }
}
