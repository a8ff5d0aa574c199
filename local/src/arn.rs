//! Tables by ARN: DynamoDB takes a table's ARN wherever it takes its name; the engine takes names only. A request's body in, the same
//! body with names out.

use hyper::body::Bytes;
use serde_json::{Map, Value};

/// What every table's ARN holds; a body without it is passed on unread.
const MARK: &[u8] = b":table/";

/// Replaces ARNs where an operation on a table names it: in `TableName` and in the names under `RequestItems`.
pub(crate) fn by_name(body: Bytes) -> Bytes {
    if !body.windows(MARK.len()).any(|window| window == MARK) {
        return body;
    }
    let Ok(Value::Object(mut request)) = serde_json::from_slice::<Value>(&body) else { return body };
    if let Some(Value::String(table)) = request.get_mut("TableName") {
        *table = name(table).to_owned();
    }
    if let Some(Value::Object(tables)) = request.get_mut("RequestItems") {
        *tables = std::mem::take(tables).into_iter().map(|(table, items)| (name(&table).to_owned(), items)).collect::<Map<_, _>>();
    }
    Bytes::from(Value::Object(request).to_string())
}

fn name(table: &str) -> &str {
    let resource = table.strip_prefix("arn:").and_then(|arn| arn.splitn(5, ':').nth(4));
    resource.and_then(|resource| resource.strip_prefix("table/")).unwrap_or(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_and_items_are_left_alone() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T";
        let body = format!(r#"{{"RequestItems":{{"{arn}":[{{"PutRequest":{{"Item":{{"a":{{"S":"{arn}"}}}}}}}}]}}}}"#);
        let named = by_name(Bytes::from(body.clone()));
        assert_eq!(named, body.replacen(arn, "T", 1));
        assert_eq!(by_name(Bytes::from(format!(r#"{{"TableName":"{arn}"}}"#))), r#"{"TableName":"T"}"#);
        assert_eq!(by_name(Bytes::from_static(b"{\"TableName\":\"T\"}")), r#"{"TableName":"T"}"#);
    }
}
