//! The relay on the embedded AWS.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification, StreamViewType,
};
use serde_json::json;
use tablefeed::aws::{Clients, config_for_endpoint};
use tablefeed_local::{Config, Embedded};
use tablefeed_relay::relay::{Options, Relay};
use tablefeed_relay::stream::streams_client;
use tablefeed_relay::subscription::{Declaration, Origin};
use tokio::time::{Instant, sleep};

use crate::taker::{Act, Receiver};

#[tokio::test]
async fn given_a_subscription_when_items_are_put_then_the_url_gets_them_in_order() {
    let aws = Embedded::start(Config::default()).await.unwrap();
    let config = config_for_endpoint(aws.endpoint());
    let clients = Clients::new(&config, "tablefeed-test", None);
    let id = AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build().unwrap();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build().unwrap();
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages).build().unwrap();
    let create = clients.dynamodb.create_table().table_name("things").attribute_definitions(id).key_schema(key);
    create.billing_mode(BillingMode::PayPerRequest).stream_specification(stream).send().await.unwrap();
    let receiver = Receiver::start(|_, number| if number == 2 { Act::Refuse } else { Act::Take }).await;
    let options =
        Options { poll: Duration::from_millis(10), discovery: Duration::from_millis(50), allow_private: true, ..Options::default() };
    let streams = streams_client(&config, None);
    let relay = Relay::open(options, clients.dynamodb.clone(), streams, (*clients.sqs).clone(), None, |_, _| {}).await.unwrap();
    let declaration = json!({"table_name": "things", "url": format!("{}/a", receiver.url), "batch": {"max_records": 3}});
    // Its shard is listed with an end from now on, though it stays open.
    clients.dynamodb.put_item().table_name("things").item("id", AttributeValue::S("before".to_owned())).send().await.unwrap();
    let id = relay.add(Declaration::parse(&declaration).unwrap(), Origin::Http).await.unwrap();
    for n in 0..10 {
        clients.dynamodb.put_item().table_name("things").item("id", AttributeValue::S(n.to_string())).send().await.unwrap();
    }
    let until = Instant::now() + Duration::from_secs(30);
    while receiver.taken("/a").len() < 10 {
        assert!(Instant::now() < until, "{:?}", relay.view(&id));
        sleep(Duration::from_millis(10)).await;
    }
    let ids: Vec<_> =
        receiver.taken("/a").iter().map(|record| record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    relay.stop().await;
}
