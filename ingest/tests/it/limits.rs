//! What is not taken, and how that is told.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::World;

#[tokio::test]
async fn what_is_not_json_is_told_with_its_position() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    let of = world.post(&server, &[], "{\n\"a\": nope}").await;
    assert_eq!((of.status, &of.body["position"], &of.body["line"], &of.body["title"]), (400, &json!(7), &json!(2), &json!("Bad Request")));
    let of = world.post(&server, &[("content-type", "application/x-ndjson")], "{}\n{\"a\":}\n").await;
    assert_eq!((of.status, &of.body["position"], &of.body["line"]), (400, &json!(8), &json!(2)));
    assert_eq!(world.post(&server, &[], vec![b'{', 0xff, b'}']).await.body["position"], 1);
    assert_eq!(world.post(&server, &[("content-encoding", "gzip")], "{}").await.status, 400);
    assert!(world.items().await.is_empty());
}

#[tokio::test]
async fn too_large_is_too_large_compressed_or_not() {
    let world = World::new().await;
    let server = world.serve(&[("MAX_BODY_BYTES", "1000")]).await;
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1000));
    assert_eq!(world.post(&server, &[], large.clone()).await.status, 413);
    let packed = zstd::encode_all(large.as_bytes(), 3).unwrap();
    assert!(packed.len() < 1000);
    assert_eq!(world.post(&server, &[("content-encoding", "zstd")], packed).await.status, 413);
    assert_eq!(world.post(&server, &[], format!("{{\"a\":\"{}\"}}", "x".repeat(992))).await.status, 204);
}

#[tokio::test]
async fn other_types_methods_and_paths_are_refused_with_problems() {
    let world = World::new().await;
    let server = world.serve(&[]).await;
    assert_eq!(world.post(&server, &[("content-type", "text/csv")], "a,b").await.status, 415);
    assert_eq!(world.post(&server, &[("content-encoding", "br")], "{}").await.status, 415);
    for (path, status) in [("", 405), ("other", 404)] {
        let of = world.get(&server, path).await;
        assert_eq!((of.status, &of.body["status"]), (status, &json!(status)));
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_taken() {
    let world = World::new().await;
    let server = world.serve(&[("API_KEYS", "first-key-of-two, second-key-of-two")]).await;
    let refused = world.post(&server, &[], "{}").await;
    assert_eq!((refused.status, &refused.headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()));
    assert_eq!(world.post(&server, &[("authorization", "Bearer first-key")], "{}").await.status, 401);
    assert!(world.items().await.is_empty());
    assert_eq!(world.post(&server, &[("authorization", "Bearer second-key-of-two")], "{}").await.status, 204);
    assert_eq!(world.get(&server, "health/live").await.status, 200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let world = World::new().await;
    let server = world.serve(&[("REQUEST_TIMEOUT_MS", "300")]).await;
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://").trim_end_matches('/')).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{").await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn keys_may_be_in_a_parameter_and_without_them_nothing_starts() {
    let world = World::new().await;
    let put = world.clients.ssm.put_parameter().name("/keys").value("key-from-the-parameter");
    put.r#type(aws_sdk_ssm::types::ParameterType::SecureString).send().await.unwrap();
    let server = world.serve(&[("API_KEYS_PARAMETER", "/keys")]).await;
    assert_eq!(world.post(&server, &[], "{}").await.status, 401);
    assert_eq!(world.post(&server, &[("authorization", "Bearer key-from-the-parameter")], "{}").await.status, 204);
    for (value, cause) in [("short", "must hold keys of at least 16"), ("", "cannot be read")] {
        let name = format!("/keys/{value}");
        if !value.is_empty() {
            world.clients.ssm.put_parameter().name(&name).value(value).r#type("String".into()).send().await.unwrap();
        }
        let clients = tablefeed::aws::Clients::new(&tablefeed::aws::config_for_endpoint(world.aws.endpoint()), "test", None);
        let opened = tablefeed_ingest::App::open(world.settings(&[("API_KEYS_PARAMETER", &name)]), clients, |_, _| {}).await;
        let error = opened.err().unwrap().to_string();
        assert!(error.contains(cause) && error.contains(&name), "{error}");
    }
}
