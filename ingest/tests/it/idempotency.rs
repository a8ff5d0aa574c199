//! A body that is sent again under its key.

use serde_json::json;

use crate::world::World;

const KEY: (&str, &str) = ("idempotency-key", "0b9f-retry");

#[tokio::test]
async fn a_retry_under_its_key_rewrites_the_same_items() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let body = r#"[{"temperature":1},{"temperature":2}]"#;
    for _ in 0..3 {
        assert_eq!(world.post(&server, &[KEY], body).await.status, 204);
    }
    assert_eq!(world.items().await.len(), 2);
    assert_eq!(world.post(&server, &[("idempotency-key", "another")], body).await.status, 204);
    assert_eq!(world.items().await.len(), 4);
    assert_eq!(world.post(&server, &[], body).await.status, 204);
    assert_eq!(world.items().await.len(), 6);
}

#[tokio::test]
async fn the_key_is_refused_where_the_tables_key_needs_the_added_time() {
    let world = World::new().await;
    let server = world.serve(&[("PARTITION_KEY", "device"), ("SORT_KEY", "at|%Y-%m-%dT%H:%M:%S"), ("TIME_UNIT", "s")]).await;
    let refused = world.post(&server, &[KEY], r#"[{"device":"a","timestamp":5},{"device":"a"}]"#).await;
    assert_eq!((refused.status, &refused.body["index"]), (400, &json!(1)));
    assert!(world.items().await.is_empty());
    assert_eq!(world.post(&server, &[KEY], r#"{"device":"a","timestamp":5}"#).await.status, 204);
    assert_eq!(world.post(&server, &[], r#"{"device":"a"}"#).await.status, 204);
    assert_eq!(world.items().await.len(), 2);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    for key in ["", &"k".repeat(256)] {
        assert_eq!(world.post(&server, &[("idempotency-key", key)], "{}").await.status, 400);
    }
}
