//! A [`Declaration`] as JSON that parses to the same again. Secrets are in it: it is to be stored, not shown.

use serde_json::{Map, Value, json};

use super::{Declaration, Images, Letters, OnFailure, Secret, Start};

impl Declaration {
    /// What [`Declaration::parse`] makes this declaration of.
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "table_name": self.table_name,
            "url": self.url,
            "start": match self.start {
                Start::Latest => json!("latest"),
                Start::TrimHorizon => json!("trim_horizon"),
                Start::At(millis) if millis % 1000 == 0 => json!({ "at": millis / 1000 }),
                Start::At(millis) => json!({ "at": seconds(millis) }),
            },
            "batch": {
                "max_records": self.batch.max_records,
                "max_bytes": self.batch.max_bytes,
                "max_wait_ms": millis(self.batch.max_wait),
            },
            "timeout_ms": millis(self.timeout),
            "headers": self.headers,
            "image": match self.images {
                Images::Both => "both",
                Images::New => "new",
                Images::Old => "old",
                Images::KeysOnly => "keys",
            },
        });
        let Value::Object(fields) = &mut value else { return value };
        self.add_failure(fields);
        if !self.secrets.is_empty() {
            fields.insert("secret".to_owned(), self.secrets.iter().map(Secret::text).collect());
        }
        if let Some(filter) = self.filter.as_ref().and_then(|filter| serde_json::from_str(filter).ok()) {
            fields.insert("where".to_owned(), filter);
        }
        if !self.events.is_empty() {
            fields.insert("events".to_owned(), self.events.iter().map(|event| event.name()).collect());
        }
        value
    }

    fn add_failure(&self, fields: &mut Map<String, Value>) {
        let added = match &self.on_failure {
            OnFailure::Hold => json!({ "on_failure": "hold" }),
            OnFailure::DeadLetter { max_attempts, to } => json!({
                "on_failure": "dead_letter",
                "max_attempts": max_attempts,
                "dead_letter": match to {
                    Letters::File(path) => json!({ "file": path }),
                    Letters::Queue(url) => json!({ "queue_url": url }),
                },
            }),
        };
        if let Value::Object(added) = added {
            fields.extend(added);
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339 keeps what a double might round.
fn seconds(millis: u64) -> String {
    use aws_sdk_dynamodbstreams::primitives::{DateTime, DateTimeFormat};
    let time = DateTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    time.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_survives_being_stored() {
        let secret = Secret(vec![7; 32]).text();
        for more in [
            json!({}),
            json!({"start": "trim_horizon", "on_failure": "dead_letter", "max_attempts": 3, "dead_letter": {"file": "letters/x.jsonl"}}),
            json!({"start": {"at": 7.25}, "on_failure": "dead_letter", "dead_letter": {"queue_url": "http://q/1/l"}}),
            json!({"start": {"at": 7}, "secret": secret, "headers": {"X-A": "b"}, "timeout_ms": 500}),
            json!({"secret": [secret, Secret(vec![8; 24]).text()], "where": {"a": [{"numeric": [">", 1.5]}]}, "events": ["REMOVE"]}),
            json!({"image": "keys", "batch": {"max_records": 2, "max_bytes": 3, "max_wait_ms": 4}}),
            json!({"image": "new"}),
        ] {
            let mut value = json!({"table_name": "orders", "url": "http://a/"});
            value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let declaration = Declaration::parse(&value).unwrap();
            assert_eq!(Declaration::parse(&declaration.to_value()).unwrap(), declaration, "{value}");
        }
    }
}
