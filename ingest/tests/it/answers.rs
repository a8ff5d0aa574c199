//! What is stored of a body, and what is answered.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn the_two_documented_bodies_are_three_items_with_id_and_time() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    assert_eq!(world.post(&server, &[], r#"{"temperature": 10}"#).await.status, 204);
    assert_eq!(world.post(&server, &[], r#"[{"temperature": 10.01}, {"temperature": 12.23}]"#).await.status, 204);
    let items = world.items().await;
    let mut temperatures: Vec<&str> = items.iter().map(|item| item["temperature"].as_n().unwrap().as_str()).collect();
    temperatures.sort_unstable();
    assert_eq!(temperatures, ["10", "10.01", "12.23"]);
    for item in &items {
        assert!(item["timestamp"].as_n().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
        assert_eq!(uuid::Uuid::parse_str(item["id"].as_s().unwrap()).unwrap().get_version_num(), 7);
    }
    let shared: Vec<_> = items.iter().filter(|item| item["temperature"].as_n().unwrap() != "10").map(|item| &item["timestamp"]).collect();
    assert_eq!(shared[0], shared[1]);
}

#[tokio::test]
async fn values_are_kept_exactly() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let body = r#"{"id":"a","timestamp":1.5,"n":12345678901234567890123456789012345678,"f":0.1,"l":[1,null,{"x":true}],"s":"ü"}"#;
    assert_eq!(world.post(&server, &[], body).await.status, 204);
    let item = world.items().await.remove(0);
    assert_eq!(item["n"].as_n().unwrap(), "12345678901234567890123456789012345678");
    assert_eq!((item["f"].as_n().unwrap().as_str(), item["timestamp"].as_n().unwrap().as_str()), ("0.1", "1.5"));
    assert_eq!(item["l"].as_l().unwrap()[1], AttributeValue::Null(true));
    assert_eq!(item["s"].as_s().unwrap(), "ü");
}

#[tokio::test]
async fn lines_gzip_and_zstd_are_taken() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let lines = "{\"id\":\"1\"}\n{\"id\":\"2\"}\n";
    let ndjson = ("content-type", "application/x-ndjson");
    assert_eq!(world.post(&server, &[ndjson], lines).await.status, 204);
    let zstd = zstd::encode_all(&b"{\"id\":\"3\"}"[..], 3).unwrap();
    assert_eq!(world.post(&server, &[("content-encoding", "zstd")], zstd).await.status, 204);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, b"[{\"id\":\"4\"}]").unwrap();
    assert_eq!(world.post(&server, &[("content-encoding", "gzip")], gzip.finish().unwrap()).await.status, 204);
    assert_eq!(world.items().await.len(), 4);
}

#[tokio::test]
async fn who_asks_is_told_of_each_document() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let told = world.post(&server, &[("prefer", "return=representation")], r#"[{"id":"a"},{"id":"a"},{"id":"b"}]"#).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["outcomes"], json!({"persisted": 2, "superseded": 1}));
    assert_eq!(told.body["results"][2], json!({"index": 2, "id": "b", "outcome": "persisted"}));
    assert_eq!(world.post(&server, &[("accept", "application/json")], "{}").await.status, 200);
    assert_eq!(world.post(&server, &[], "[]").await.status, 204);
}

#[tokio::test]
async fn one_unfit_document_stops_all_unless_a_part_is_enough() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let body = r#"[{"id":"a"},{"id":7},5,{"id":"b","n":1e999}]"#;
    let refused = world.post(&server, &[], body).await;
    assert_eq!((refused.status, &refused.headers["content-type"]), (422, &"application/problem+json".parse().unwrap()));
    let errors: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|e| (&e["index"], &e["reason"], &e["pointer"])).collect();
    let expected = [
        (json!(1), json!("wrong_key_type"), json!("/1/id")),
        (json!(2), json!("not_an_object"), json!("/2")),
        (json!(3), json!("number_out_of_range"), json!("/3/n")),
    ];
    assert_eq!(errors, expected.iter().map(|(index, reason, pointer)| (index, reason, pointer)).collect::<Vec<_>>());
    assert!(world.items().await.is_empty());
    let single = world.post(&server, &[], r#"{"id":""}"#).await;
    assert_eq!((single.status, &single.body["errors"][0]["pointer"]), (422, &json!("/id")));

    let partial = world.serve(&[("PARTIAL", "true")]).await;
    let told = world.post(&partial, &[], body).await;
    assert_eq!((told.status, told.body["errors"].as_array().unwrap().len()), (207, 3));
    assert_eq!(told.body["outcomes"], json!({"persisted": 1, "rejected": 3}));
    assert_eq!(world.items().await.len(), 1);
    assert_eq!(world.post(&partial, &[], r#"{"id":7}"#).await.status, 422);
}

#[tokio::test]
async fn what_no_mapping_wants_is_never_answered_as_stored() {
    let world = World::new().await;
    let mapping = r#"{"where":{"kind":["reading"]},"key":{"partition":"id"},"types":{"id":"S"},"rest":"keep"}"#;
    let server = world.serve(&[("MAPPING", mapping)]).await;
    let told = world.post(&server, &[], r#"[{"kind":"reading"},{"kind":"noise"}]"#).await;
    assert_eq!((told.status, &told.body["outcomes"]), (200, &json!({"filtered": 1, "persisted": 1})));
    assert_eq!(world.items().await.len(), 1);
}
