//! The mappings that need no declaration: declarations in the language itself, compiled by the same code.

use crate::json::push_string;

/// The names of the built-in mappings.
pub(super) const NAMES: &[&str] = &["curated", "document", "reading", "quix"];

/// The declaration of a built-in mapping.
pub(super) fn declaration(name: &str, batch_configured: bool) -> Option<&'static str> {
    match (name, batch_configured) {
        ("curated", _) => Some(include_str!("curated.json")),
        ("document", false) => Some(include_str!("document.json")),
        ("document", true) => Some(include_str!("document_with_batch.json")),
        ("quix", _) => Some(include_str!("quix.json")),
        _ => None,
    }
}

/// The declaration of `reading`: an id, a time, and the two fields that hold a value and its unit.
pub(super) fn reading(label: &str, unit: &str) -> String {
    let (label, unit) = (quoted(label), quoted(unit));
    format!(
        r#"{{"key": {{"partition": "id"}}, "types": {{"id": "S"}}, "rest": "drop",
            "item": {{"id": "{{id|@id}}", "timestamp": {{"from": "timestamp|@arrival", "as": "number"}},
                      {label}: {{"from": {label}, "as": "number"}}, {unit}: {{"from": {unit}, "as": "string"}}}}}}"#
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    push_string(&mut quoted, text);
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::origin::tests::ORIGIN;
    use super::super::{Mapped, Mappings};
    use crate::json::{Json, parse};
    use crate::reason::Reason;

    fn map(name: &str, batch: bool, document: &str) -> Result<String, Option<Reason>> {
        match Mappings::built_in(name, batch).unwrap().map(&parse(document).unwrap(), &ORIGIN) {
            Mapped::Item(item) => Ok(item.json),
            Mapped::Filtered => Err(None),
            Mapped::Rejected(rejection) => Err(Some(rejection.reason)),
        }
    }

    #[test]
    fn a_reading_has_an_id_a_time_a_number_and_a_unit() {
        let mappings = Mappings::reading("temp \"c\"", "unit").unwrap();
        let map = |document: &str| match mappings.map(&parse(document).unwrap(), &ORIGIN) {
            Mapped::Item(item) => Ok(item.json),
            Mapped::Filtered => Err(None),
            Mapped::Rejected(rejection) => Err(Some(rejection.reason)),
        };
        let item = r#"{"id":{"S":"a"},"timestamp":{"N":"1.5"},"temp \"c\"":{"N":"20.10"},"unit":{"S":"C"}}"#;
        assert_eq!(map(r#"{"id":"a","timestamp":1.5,"temp \"c\"":"20.10","unit":"C","other":1}"#).as_deref(), Ok(item));
        assert!(map(r#"{"temp \"c\"":20,"unit":"C"}"#).unwrap().contains(r#""timestamp":{"N":"1545084650.987"}"#));
        assert_eq!(map(r#"{"unit":"C"}"#), Err(Some(Reason::MissingField)));
        assert_eq!(map(r#"{"temp \"c\"":"warm","unit":"C"}"#), Err(Some(Reason::BadValue)));
        assert!(Mappings::reading("id", "unit").is_err() && Mappings::reading("a", "a").is_err());
    }

    #[test]
    fn quix_is_keyed_by_month_and_moment() {
        let item = map("quix", false, r#"{"timestamp":1667844200703123,"v":1}"#).unwrap();
        let expected =
            r#"{"year_month":{"S":"2022-11"},"rest_of_ts":{"S":"07-18:03:20.703123"},"timestamp":{"N":"1667844200703123"},"v":{"N":"1"}}"#;
        assert_eq!(item, expected);
    }

    #[test]
    fn every_name_but_reading_compiles_with_and_without_a_batch() {
        for name in Mappings::BUILT_IN.iter().filter(|name| **name != "reading") {
            for batch in [false, true] {
                let mappings = Mappings::built_in(name, batch).unwrap();
                assert_eq!(mappings.needs_batch(), *name == "curated" || (batch && *name == "document"));
                assert_eq!(mappings.keyed_by_identity(), *name == "curated");
            }
        }
        assert!(Mappings::built_in("other", true).is_none());
    }

    #[test]
    fn curated_makes_the_nine_attributes() {
        let document = r#"{"s3-key":"waze/a.csv","bucket-name":"b","table-name":"t","state":"UT","num-records":"12","is-historical":false,
            "year":2018,"month":"12","other":1}"#;
        let item = map("curated", true, document).unwrap();
        assert_eq!(
            item,
            concat!(
                r#"{"CurationRecordId":{"S":"0e6e3c90-8e91-5ce5-a782-ba637efc547e"},"BatchId":{"S":"2018-12-17"},"DataTableName":{"S":"t"},"#,
                r#""S3Key":{"S":"s3://b/waze/a.csv"},"State":{"S":"UT"},"TotalNumCuratedRecords":{"S":"12"},"IsHistorical":{"BOOL":false},"#,
                r#""Year":{"N":"2018"},"Month":{"S":"12"}}"#
            )
        );
    }

    #[test]
    fn curated_wants_three_texts_and_no_more() {
        let document = |key: &str, bucket: &str, table: &str| format!(r#"{{"s3-key":{key},"bucket-name":{bucket},"table-name":{table}}}"#);
        let text = r#""waze/x""#;
        assert!(map("curated", true, &document(text, text, text)).is_ok());
        for odd in ["1", "null", "true", "[]", "{}"] {
            assert_eq!(map("curated", true, &document(text, odd, text)), Err(Some(Reason::BadValue)), "{odd}");
            assert_eq!(map("curated", true, &document(text, text, odd)), Err(Some(Reason::WrongKeyType)), "{odd}");
            assert_eq!(map("curated", true, &document(odd, text, text)), Err(None), "{odd}");
        }
        assert_eq!(map("curated", true, &document(r#"["waze/x"]"#, text, text)), Err(Some(Reason::BadValue)));
        assert_eq!(map("curated", true, r#"{"s3-key":"waze/x","table-name":"t"}"#), Err(Some(Reason::MissingField)));
        assert_eq!(map("curated", true, r#"{"bucket-name":"b","table-name":"t"}"#), Err(Some(Reason::MissingField)));
        assert_eq!(map("curated", true, &document(r#""wave/x""#, "1", "1")), Err(None));
    }

    #[test]
    fn document_keeps_everything_and_adds_what_is_missing() {
        assert_eq!(map("document", false, r#"{"id":"7","a":[1.0]}"#).unwrap(), r#"{"id":{"S":"7"},"a":{"L":[{"N":"1.0"}]}}"#);
        let added = map("document", true, r#"{"a":1}"#).unwrap();
        let added = parse(&added).unwrap();
        assert_eq!(added.pointer("/id/S"), Some(&Json::String("0e6e3c90-8e91-5ce5-a782-ba637efc547e".into())));
        assert_eq!(added.pointer("/BatchId/S"), Some(&Json::String("2018-12-17".into())));
        assert_eq!(map("document", false, r#"{"id":7}"#), Err(Some(Reason::WrongKeyType)));
        assert_eq!(map("document", false, r#"{"id":""}"#), Err(Some(Reason::EmptyKey)));
        assert_eq!(map("document", false, r#"{"id":null}"#), Err(Some(Reason::WrongKeyType)));
    }
}
