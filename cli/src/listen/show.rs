//! A body as lines for a person: one a record. Pure.

use tablefeed::json::{Json, parse};

use crate::attribute::Item;
use crate::typed::Form;

/// What happened, the key, and the item, of each record; or, of a body without records, what it says.
pub fn lines(text: &str) -> Result<Vec<String>, String> {
    let body = parse(text).map_err(|error| format!("came, but is no JSON: {error}"))?;
    let Some(Json::Array(records)) = body.get("Records") else {
        let told = |name: &str| if let Some(Json::String(text)) = body.get(name) { text.to_string() } else { String::new() };
        return Err(format!("{}: {}", told("table_name"), told("message")));
    };
    Ok(records.iter().map(line).collect())
}

fn line(record: &Json<'_>) -> String {
    let event = if let Some(Json::String(event)) = record.get("eventName") { event.as_ref() } else { "?" };
    let item = |name: &str| -> Option<Item> { Form::Typed.item(&record.pointer(&format!("/dynamodb/{name}"))?.to_string()).ok() };
    let keys = item("Keys").unwrap_or_default();
    let mut names: Vec<String> = keys.keys().cloned().collect();
    names.sort();
    let image = item("NewImage").or_else(|| item("OldImage"));
    let image = image.map_or_else(String::new, |image| format!("  {}", Form::Plain.write(&image, &names)));
    format!("{event}  {}{image}", Form::Plain.write(&keys, &names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_line_with_its_digits_and_a_removed_item_is_shown_as_it_was() {
        let body = r#"{"Records":[
            {"eventName":"INSERT","dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"n":{"N":"1.10"},"id":{"S":"a"}}}},
            {"eventName":"REMOVE","dynamodb":{"Keys":{"id":{"S":"a"}},"OldImage":{"id":{"S":"a"}}}},
            {"eventName":"MODIFY","dynamodb":{"Keys":{"id":{"S":"b"}}}}]}"#;
        let shown = lines(body).unwrap();
        assert_eq!(shown[0], r#"INSERT  {"id":"a"}  {"id":"a","n":1.10}"#);
        assert_eq!(shown[1..], [r#"REMOVE  {"id":"a"}  {"id":"a"}"#, r#"MODIFY  {"id":"b"}"#]);
    }

    #[test]
    fn a_notice_is_told() {
        assert_eq!(lines(r#"{"table_name":"Orders","message":"is gone"}"#), Err("Orders: is gone".to_owned()));
    }
}
