//! The document's own time: which field holds it, in which unit, and the zone in which it is shown.
//!
//! In: a mapping's `time`, or the settings that stand for it; a document and its origin. Out: an exact instant, as a text or as a
//! number, or a rejection that names the field. Never the clock, and never a float.

mod calendar;
mod directive;
mod instant;
mod precision;
mod rfc3339;
mod strftime;
mod zone;

pub(super) use instant::Unit;
pub(super) use precision::Precision;
pub(super) use strftime::Format;
pub(super) use zone::Zone;

use std::borrow::Cow;

use super::Rejection;
use super::content::Content;
use super::declaration::{object, only, text};
use super::error::{Fault, under};
use super::field::Field;
use super::reference::Scope;
use crate::json::Json;
use crate::reason::Reason;

/// What `@arrival` counts in, in every event.
const ARRIVAL_UNIT: Unit = Unit::Seconds;

/// Where a mapping's documents have their time.
#[derive(Debug)]
pub(super) struct Time {
    /// Without one the arrival is the time.
    pub(super) field: Option<Field>,
    pub(super) unit: Unit,
    pub(super) zone: Zone,
}

/// The arrival, in UTC: the time of mappings that declare none.
pub(super) const ARRIVAL: Time = Time { field: None, unit: ARRIVAL_UNIT, zone: Zone::Utc };

impl Time {
    /// Compiles a mapping's `time`.
    pub(super) fn compile(json: &Json<'_>) -> Result<Time, Fault> {
        only(object(json)?, &["field", "unit", "zone"], "`time`")?;
        let member = |name: &str| json.get(name).map(|json| text(json).map_err(under(name))).transpose();
        let field = member("field")?.map(|field| Field::compile(field).map_err(under("field"))).transpose()?;
        let unit = member("unit")?.map(|unit| Unit::compile(unit).map_err(under("unit"))).transpose()?;
        let zone = member("zone")?.map(|zone| Zone::compile(zone).map_err(under("zone"))).transpose()?;
        if unit.is_some() && field.is_none() {
            return Err(Fault::new("`unit` belongs to a `field`; the arrival is in seconds").under("unit"));
        }
        let unit = if field.is_some() { unit.unwrap_or(Unit::Auto) } else { ARRIVAL_UNIT };
        Ok(Time { field, unit, zone: zone.unwrap_or(Zone::Utc) })
    }

    /// Whether the document holds it, and not the record.
    pub(super) fn is_of_document(&self) -> bool {
        self.field.is_some()
    }

    /// The field, as the declaration writes it.
    pub(super) fn place(&self) -> &str {
        self.field.as_ref().map_or("@arrival", Field::text)
    }

    /// The time as a text; `None` if the document has no such field.
    pub(super) fn text(&self, format: &Format, scope: &Scope<'_>) -> Result<Option<String>, Rejection> {
        let Some(micros) = self.micros(scope)? else { return Ok(None) };
        format.text(micros, &self.zone).map(Some).ok_or_else(|| self.refused("is a time outside the years 1 to 9999"))
    }

    /// The time as epoch seconds with at most six digits behind the point; an arrival with the digits as they came.
    pub(super) fn number<'d>(&self, scope: &Scope<'d>) -> Result<Option<Content<'d>>, Rejection> {
        if !self.is_of_document() {
            return Ok(scope.origin.arrival.map(|digits| Content::Number(Cow::Borrowed(digits))));
        }
        Ok(self.micros(scope)?.map(|micros| Content::Number(Cow::Owned(instant::seconds(micros)))))
    }

    /// Microseconds since 1970, rounded down.
    fn micros(&self, scope: &Scope<'_>) -> Result<Option<i64>, Rejection> {
        let content = match &self.field {
            Some(field) => field.find(scope.document).map(Content::of),
            None => scope.origin.arrival.map(|digits| Content::Number(Cow::Borrowed(digits))),
        };
        let Some(content) = content else { return Ok(None) };
        self.unit.micros(&content).map(Some).ok_or_else(|| self.refused(&format!("is not {}", self.unit.expected())))
    }

    fn refused(&self, what: &str) -> Rejection {
        Rejection::new(Reason::BadValue, format!("field `{}` {what}", self.place()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::origin::Origin;
    use super::super::origin::tests::ORIGIN;
    use super::*;
    use crate::json::parse;

    fn time(declaration: &str) -> Time {
        Time::compile(&parse(declaration).unwrap()).unwrap()
    }

    fn at(time: &Time, document: &str, pattern: &str) -> Result<Option<String>, (Reason, String)> {
        let document = parse(document).unwrap();
        let scope = Scope { document: &document, origin: &ORIGIN, time };
        time.text(&Format::compile(pattern).unwrap(), &scope).map_err(|rejection| (rejection.reason, rejection.message))
    }

    #[test]
    fn the_time_is_a_field_in_its_unit_and_zone_or_the_arrival() {
        assert_eq!(at(&ARRIVAL, "{}", "%FT%T.%f").unwrap().unwrap(), "2018-12-17T22:10:50.987000");
        assert_eq!(at(&time(r#"{"zone":"Asia/Kolkata"}"#), "{}", "%FT%T%z").unwrap().unwrap(), "2018-12-18T03:40:50+0530");
        let nested = time(r#"{"field":"/a/t","unit":"ms"}"#);
        assert_eq!(at(&nested, r#"{"a":{"t":"1545084650987"}}"#, "%T.%f").unwrap().unwrap(), "22:10:50.987000");
    }

    #[test]
    fn what_is_absent_or_no_time_is_told_by_its_field() {
        let own = time(r#"{"field":"t"}"#);
        assert_eq!(at(&own, "{}", "%Y"), Ok(None));
        for value in ["null", "true", "\"yesterday\"", "{}", "1e30", "\"2022-11-07T18:03:20\""] {
            let (reason, message) = at(&own, &format!(r#"{{"t":{value}}}"#), "%Y").unwrap_err();
            assert_eq!(reason, Reason::BadValue, "{value}");
            assert!(message.starts_with("field `t` is not a number of seconds, milliseconds"), "{message}");
        }
        let edge = time(r#"{"field":"t","unit":"s","zone":"Asia/Tokyo"}"#);
        assert!(at(&edge, r#"{"t":253402300799}"#, "%Y").unwrap_err().1.contains("outside the years 1 to 9999"));
    }

    #[test]
    fn alone_it_is_a_number_of_seconds() {
        let number = |time: &Time, document: &str, origin: &Origin<'_>| {
            let document = parse(document).unwrap();
            time.number(&Scope { document: &document, origin, time }).unwrap().and_then(Content::into_text).map(Cow::into_owned)
        };
        let nanos = time(r#"{"field":"t","unit":"ns"}"#);
        assert_eq!(number(&nanos, r#"{"t":1667844200703123999}"#, &ORIGIN).unwrap(), "1667844200.703123");
        assert_eq!(number(&nanos, r#"{"t":-1}"#, &ORIGIN).unwrap(), "-0.000001");
        assert_eq!(number(&nanos, r#"{"t":5000000000}"#, &ORIGIN).unwrap(), "5");
        assert_eq!(number(&ARRIVAL, "{}", &ORIGIN).unwrap(), "1545084650.987");
        assert_eq!(number(&ARRIVAL, "{}", &Origin { arrival: None, ..ORIGIN }), None);
    }

    #[test]
    fn a_declaration_is_checked() {
        for (declaration, message) in [
            (r#"{"feild":"t"}"#, "did you mean `field`?"),
            (r#"{"unit":"ms"}"#, "belongs to a `field`"),
            (r#"{"field":"t","unit":"mss"}"#, "unknown unit `mss`: did you mean `ms`?"),
            (r#"{"zone":"Europe/Berln"}"#, "did you mean `Europe/Berlin`?"),
            (r#"{"field":"@id"}"#, "`@id`"),
        ] {
            let fault = format!("{:?}", Time::compile(&parse(declaration).unwrap()).unwrap_err());
            assert!(fault.contains(message), "{declaration}: {fault}");
        }
    }
}
