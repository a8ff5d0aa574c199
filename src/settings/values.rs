//! Values with a shape of their own: tables and queues.

use super::TableName;

/// A table's name (3 to 255 of `a-z A-Z 0-9 _ . -`) or ARN, as the API reference of `DynamoDB` defines them.
pub(super) fn parse_table(text: &str) -> Result<TableName, String> {
    let (name, region) = if text.starts_with("arn:") {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            [_, _, "dynamodb", region, _, resource] => {
                (resource.strip_prefix("table/").unwrap_or_default(), Some(region.to_owned()).filter(|region| !region.is_empty()))
            }
            _ => return Err(format!("is {text:?}; a table's ARN is arn:aws:dynamodb:REGION:ACCOUNT:table/NAME")),
        }
    } else {
        (text, None)
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (3..=255).contains(&name.len()) && name.bytes().all(legal) {
        Ok(TableName { id: text.to_owned(), region })
    } else {
        Err(format!("is {text:?}; it must be a table's name (3 to 255 letters, digits, '_', '.', '-') or ARN"))
    }
}

pub(super) fn parse_queue_url(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") {
        return Err(format!("is {text:?}; it must be the queue's URL, not its ARN"));
    }
    if std::path::Path::new(text).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("fifo")) {
        return Err(format!("is {text:?}; it must be a standard queue, not a FIFO one"));
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    match rest.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("is {text:?}; it must be a queue's URL such as https://sqs.eu-west-1.amazonaws.com/123456789012/letters")),
    }
}
