//! What stands inside the braces of a placeholder: `name`, `name?`, `name!`, `/a/b`, `a|b|@id`, `@hash:a,b`, `@key:/a`.
//!
//! In: that text at compile time; a document and its origin at run time. Out: a [`Reference`]; what it finds, borrowed.

use std::borrow::Cow;

use super::content::Content;
use super::error::Fault;
use super::field::Field;
use super::origin::{Origin, uuid_text, uuid_v5};
use super::time::{Format, Time};
use super::{Rejection, canonical, suggest};
use crate::json::Json;
use crate::reason::Reason;

/// The names that begin with `@`, for suggestions.
const SOURCES: &[&str] =
    &["@id", "@hash:", "@batch", "@sequence", "@shard", "@partition-key", "@key", "@key:", "@header:", "@arrival", "@time", "@time:"];

/// Places to look, the first that has something wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) sources: Vec<Source>,
    pub(super) need: Need,
}

/// What a reference asks of what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// `name`: it must be there.
    Present,
    /// `name?`: it may be absent.
    Optional,
    /// `name!`: it must be there and be a string.
    Text,
}

/// One place to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Field(Field),
    Id,
    Hash(Vec<Field>),
    Batch,
    Sequence,
    Shard,
    PartitionKey,
    /// The same by another name.
    Key,
    /// A JSON Pointer into the record's key.
    KeyMember(Box<str>),
    Header(Box<str>),
    Arrival,
    /// The document's own time: formatted, or else as a number.
    Time(Option<Format>),
}

/// What references look into.
#[derive(Clone, Copy)]
pub(super) struct Scope<'d> {
    pub(super) document: &'d Json<'d>,
    pub(super) origin: &'d Origin<'d>,
    /// What the mapping declares as the document's time.
    pub(super) time: &'d Time,
}

impl Reference {
    pub(super) fn compile(text: &str) -> Result<Reference, Fault> {
        let (alternatives, need) = match (text.strip_suffix('?'), text.strip_suffix('!')) {
            (Some(rest), _) => (rest, Need::Optional),
            (_, Some(rest)) => (rest, Need::Text),
            _ => (text, Need::Present),
        };
        let sources = alternatives.split('|').map(Source::compile).collect::<Result<Vec<_>, _>>()?;
        Ok(Reference { sources, need })
    }

    /// What the reference finds; `None` if it finds nothing, whether or not it is optional.
    pub(super) fn find<'d>(&self, scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
        for source in &self.sources {
            if let Some(content) = source.find(scope)? {
                if self.need == Need::Text && !matches!(content, Content::Text(_)) {
                    return Err(Rejection::new(Reason::BadValue, format!("{} must be a string, but is {}", self.name(), content.kind())));
                }
                return Ok(Some(content));
            }
        }
        Ok(None)
    }

    /// Like [`Reference::find`], but finding nothing is a rejection unless the reference is optional.
    pub(super) fn require<'d>(&self, scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
        match self.find(scope)? {
            None if self.need != Need::Optional => Err(self.absent(scope)),
            found => Ok(found),
        }
    }

    pub(super) fn absent(&self, scope: &Scope<'_>) -> Rejection {
        let place = |source: &Source| match source {
            Source::Time(_) => scope.time.place().to_owned(),
            other => other.name(),
        };
        Rejection::new(Reason::MissingField, format!("{} is absent", self.named(place)))
    }

    /// For messages, for example ``field `a` or `@batch` ``.
    pub(super) fn name(&self) -> String {
        self.named(Source::name)
    }

    fn named(&self, name: impl Fn(&Source) -> String) -> String {
        let names: Vec<String> = self.sources.iter().map(|source| format!("`{}`", name(source))).collect();
        format!("field {}", names.join(" or "))
    }
}

impl Source {
    fn compile(text: &str) -> Result<Source, Fault> {
        Ok(match text {
            "@id" => Source::Id,
            "@batch" => Source::Batch,
            "@sequence" => Source::Sequence,
            "@shard" => Source::Shard,
            "@partition-key" => Source::PartitionKey,
            "@key" => Source::Key,
            "@arrival" => Source::Arrival,
            "@time" => Source::Time(None),
            _ if text.starts_with('@') => Source::of_argument(text)?,
            _ => Source::Field(Field::compile(text)?),
        })
    }

    /// A source that takes an argument behind a colon.
    fn of_argument(text: &str) -> Result<Source, Fault> {
        match text.split_once(':') {
            Some(("@hash", fields)) => Ok(Source::Hash(fields.split(',').map(Field::compile).collect::<Result<_, _>>()?)),
            Some(("@key", pointer)) => match Field::compile(pointer) {
                Ok(Field::Pointer(pointer)) => Ok(Source::KeyMember(pointer)),
                Err(fault) if pointer.starts_with('/') => Err(fault),
                _ => Err(Fault::new(format!("`{text}`: `@key:` takes a JSON Pointer into the record's key, such as `@key:/id`"))),
            },
            Some(("@time", pattern)) => Ok(Source::Time(Some(Format::compile(pattern)?))),
            Some(("@header", "")) => Err(Fault::new("`@header:` takes a header's name, such as `@header:trace-id`")),
            Some(("@header", name)) => Ok(Source::Header(name.into())),
            _ => Err(Fault::new(format!("unknown placeholder `{text}`{}", suggest::hint(text, SOURCES)))),
        }
    }

    fn find<'d>(&self, scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
        let origin = scope.origin;
        let text = |text| Some(Content::Text(Cow::Borrowed(text)));
        Ok(match self {
            Source::Field(field) => field.find(scope.document).map(Content::of),
            Source::Id => Some(Content::Text(Cow::Owned(uuid_text(origin.identity())))),
            Source::Hash(fields) => hash(fields, scope)?,
            Source::Batch => origin.batch.and_then(text),
            Source::Sequence => text(origin.sequence),
            Source::Shard => text(origin.shard),
            Source::PartitionKey | Source::Key => origin.key()?.and_then(text),
            Source::KeyMember(pointer) => origin.key_member(pointer)?,
            Source::Header(name) => origin.header(name)?.and_then(text),
            Source::Arrival => origin.arrival.map(|digits| Content::Number(Cow::Borrowed(digits))),
            Source::Time(None) => scope.time.number(scope)?,
            Source::Time(Some(format)) => scope.time.text(format, scope)?.map(|text| Content::Text(Cow::Owned(text))),
        })
    }

    /// Whether no two records have the same.
    pub(super) fn differs_by_record(&self, time: &Time) -> bool {
        match self {
            Source::Time(_) => !time.is_of_document(),
            other => matches!(other, Source::Id | Source::Sequence | Source::Arrival),
        }
    }

    /// Whether it looks into the document.
    pub(super) fn needs_document(&self, time: &Time) -> bool {
        match self {
            Source::Time(_) => time.is_of_document(),
            other => matches!(other, Source::Field(_) | Source::Hash(_)),
        }
    }

    /// As the declaration writes it.
    pub(super) fn name(&self) -> String {
        match self {
            Source::Field(field) => field.text().to_owned(),
            Source::Id => "@id".to_owned(),
            Source::Hash(fields) => format!("@hash:{}", fields.iter().map(Field::text).collect::<Vec<_>>().join(",")),
            Source::Batch => "@batch".to_owned(),
            Source::Sequence => "@sequence".to_owned(),
            Source::Shard => "@shard".to_owned(),
            Source::PartitionKey => "@partition-key".to_owned(),
            Source::Key => "@key".to_owned(),
            Source::KeyMember(pointer) => format!("@key:{pointer}"),
            Source::Header(name) => format!("@header:{name}"),
            Source::Arrival => "@arrival".to_owned(),
            Source::Time(None) => "@time".to_owned(),
            Source::Time(Some(format)) => format!("@time:{}", format.pattern()),
        }
    }
}

/// `UUIDv5` of the canonical JSON array of the fields' values; `None` if one of them is absent.
fn hash<'d>(fields: &[Field], scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
    let mut name = String::from("[");
    for field in fields {
        let Some(value) = field.find(scope.document) else { return Ok(None) };
        if name.len() > 1 {
            name.push(',');
        }
        let fault = |fault| Rejection::new(Reason::NumberOutOfRange, format!("field `{}`: {fault}", field.text()));
        canonical::write(&mut name, value).map_err(fault)?;
    }
    name.push(']');
    Ok(Some(Content::Text(Cow::Owned(uuid_text(uuid_v5(scope.origin.namespace, &name))))))
}

#[cfg(test)]
mod tests {
    use super::super::origin::tests::ORIGIN;
    use super::super::time::ARRIVAL;
    use super::*;
    use crate::json::parse;

    fn find(reference: &str, document: &str) -> Option<String> {
        let document = parse(document).unwrap();
        let scope = Scope { document: &document, origin: &ORIGIN, time: &ARRIVAL };
        let found = Reference::compile(reference).unwrap().find(&scope).unwrap()?;
        Some(match found {
            Content::Text(text) => format!("S {text}"),
            Content::Number(digits) => format!("N {digits}"),
            other => other.kind().to_owned(),
        })
    }

    #[test]
    fn names_pointers_and_alternatives_find_the_first_that_is_present() {
        let document = r#"{"a":"x","n":1.50,"o":{"p":[true,"y"]},"@id":"own","null":null}"#;
        assert_eq!(find("a", document).unwrap(), "S x");
        assert_eq!(find("n", document).unwrap(), "N 1.50");
        assert_eq!(find("/o/p/1", document).unwrap(), "S y");
        assert_eq!(find("/@id", document).unwrap(), "S own");
        assert_eq!(find("z|/o/p/0|a", document).unwrap(), "a boolean");
        assert_eq!(find("null|a", document).unwrap(), "null");
        assert_eq!(find("z?", document), None);
        assert_eq!(find("z|@id", document).unwrap(), "S 0e6e3c90-8e91-5ce5-a782-ba637efc547e");
        assert_eq!(find("@arrival", document).unwrap(), "N 1545084650.987");
        assert_eq!(find("@partition-key", document).unwrap(), "S user-7");
    }

    #[test]
    fn hash_is_the_uuid_v5_of_canonical_json_that_python_computes() {
        let document = r#"{"a":"a\u001f\"é","b":1.0,"c":1.5,"d":1e3,"e":-0,"f":1E-7,"g":true,"h":null,"i":{"b":"x","a":[2]}}"#;
        assert_eq!(find("@hash:a,b,c,d,e,f,g,h,/i", document).unwrap(), "S e71698ac-7c08-58e3-ad72-6499aeb0099f");
        assert_eq!(find("@hash:a,zzz", document), None);
        assert_eq!(find("@hash:a,zzz|g", document).unwrap(), "a boolean");
    }

    #[test]
    fn a_mistake_is_named() {
        for (text, message) in [
            ("@bacth", "unknown placeholder `@bacth`: did you mean `@batch`?"),
            ("@time:%Y-%Q", "`%Q` is no supported directive of strftime"),
            ("@time:", "needs a strftime pattern"),
            ("@tiem:%Y", "unknown placeholder `@tiem:%Y`"),
            ("", "names no field"),
            ("a||b", "names no field"),
            ("a?|b", "stands at the end"),
            (" a", "white space"),
            ("/a~2", "not a JSON Pointer"),
            ("@hash:@id", "takes fields"),
            ("@key:id", "takes a JSON Pointer into the record's key"),
            ("@key:", "takes a JSON Pointer into the record's key"),
            ("@key:/a~2", "not a JSON Pointer"),
            ("@header:", "takes a header's name"),
            ("@topic", "unknown placeholder `@topic`"),
        ] {
            let error = format!("{:?}", Reference::compile(text).unwrap_err());
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
