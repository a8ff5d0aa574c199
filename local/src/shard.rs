//! Ids of shards: AWS's have at least 28 characters, and SDKs refuse to send shorter ones. The engine's, `shardId-00000001-TABLE`, are
//! shorter where the table's name is; so callers see them with twelve zeros more. A body in, the same body with the other ids out.

use hyper::body::Bytes;
use serde_json::Value;

const ENGINE: &str = "shardId-";
const CALLER: &str = "shardId-000000000000";
const MEMBERS: [&str; 4] = ["ShardId", "ParentShardId", "ExclusiveStartShardId", "LastEvaluatedShardId"];

/// A request with the engine's ids. One that this process did not give out stays as it is.
pub(crate) fn for_engine(body: &[u8]) -> Option<Bytes> {
    changed(body, CALLER, ENGINE)
}

/// An answer with the ids that callers see.
pub(crate) fn for_caller(body: &[u8]) -> Option<Bytes> {
    changed(body, ENGINE, CALLER)
}

fn changed(body: &[u8], from: &str, to: &str) -> Option<Bytes> {
    let mut value = serde_json::from_slice(body).ok()?;
    change(&mut value, from, to);
    Some(Bytes::from(value.to_string()))
}

fn change(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| change(value, from, to)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(id) if MEMBERS.contains(&name.as_str()) => {
                        if let Some(rest) = id.strip_prefix(from) {
                            *id = format!("{to}{rest}");
                        }
                    }
                    value => change(value, from, to),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_long_enough_and_lead_back() {
        let engine = r#"{"Shards":[{"ParentShardId":"shardId-00000001-Tab","ShardId":"shardId-00000002-Tab"}],"TableName":"shardId-1"}"#;
        let seen = for_caller(engine.as_bytes()).unwrap();
        let id = serde_json::from_slice::<Value>(&seen).unwrap()["Shards"][0]["ShardId"].as_str().unwrap().to_owned();
        assert_eq!(id, "shardId-00000000000000000002-Tab");
        assert!(id.len() >= 28, "the shortest name of a table has three characters");
        assert_eq!(for_engine(&seen).unwrap(), engine);
    }
}
