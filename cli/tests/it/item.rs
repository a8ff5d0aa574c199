//! `item`: single items, queries and scans.

use serde_json::{Value, json};

use crate::laptop::{Laptop, Said};
use crate::table::laptop;

fn with_log() -> Laptop {
    let laptop = laptop();
    assert_eq!(laptop.run(&["table", "create", "tables/log.json"]).exit, 0);
    laptop
}

/// A table with a number for its partition key, binary for its sort key, and indexes of both kinds.
fn with_events() -> Laptop {
    let laptop = Laptop::new();
    let definition = json!({
        "TableName": "Events", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "device", "AttributeType": "N"},
            {"AttributeName": "raw", "AttributeType": "B"},
            {"AttributeName": "ts", "AttributeType": "N"}
        ],
        "KeySchema": [{"AttributeName": "device", "KeyType": "HASH"}, {"AttributeName": "raw", "KeyType": "RANGE"}],
        "LocalSecondaryIndexes": [{
            "IndexName": "ByTime",
            "KeySchema": [{"AttributeName": "device", "KeyType": "HASH"}, {"AttributeName": "ts", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"}
        }]
    });
    laptop.file("events.json", &definition.to_string());
    assert_eq!(laptop.run(&["table", "create", "events.json"]).exit, 0);
    let lines: Vec<String> = (1..=5)
        .map(|ts| {
            json!({"device": {"N": "1.0"}, "raw": {"B": format!("AA{ts}A")}, "ts": {"N": ts.to_string()}, "even": {"BOOL": ts % 2 == 0}})
                .to_string()
        })
        .collect();
    let put = laptop.run_with_input(&["item", "put", "Events", "-", "--typed"], &lines.join("\n"));
    assert_eq!((put.exit, put.out.as_str()), (0, "put 5 items\n"), "{put:?}");
    laptop
}

fn end(said: &Said) -> (i32, &str, &str) {
    (said.exit, &said.out, &said.err)
}

#[test]
fn an_item_is_put_got_updated_and_deleted_digit_for_digit() {
    let laptop = with_log();
    let item = r#"{"key":"5","n":12345678901234567890123456789012345678,"nested":{"list":[1.5,null,true]},"status":"INFO"}"#;
    assert_eq!(end(&laptop.run(&["item", "put", "Log", item])), (0, "put 1 item\n", ""));
    assert_eq!(laptop.run(&["item", "get", "Log", "--key", "key=5", "--json"]).out, format!("{item}\n"));
    let updated =
        laptop.run(&["item", "update", "Log", "--key", "key=5", "--set", "status=WARNING", "--set", "n=7", "--remove", "nested", "--json"]);
    assert_eq!(end(&updated), (0, "{\"key\":\"5\",\"n\":7,\"status\":\"WARNING\"}\n", ""));
    assert_eq!(
        laptop.run(&["item", "get", "Log", "--key", "key=5"]).out,
        "{\n  \"key\": \"5\",\n  \"n\": 7,\n  \"status\": \"WARNING\"\n}\n"
    );
    assert_eq!(end(&laptop.run(&["item", "exists", "Log", "--key", "key=5"])), (0, "true\n", ""));
    assert_eq!(end(&laptop.run(&["item", "delete", "Log", "--key", "key=5"])), (0, "deleted 1 item\n", ""));
    assert_eq!(end(&laptop.run(&["item", "exists", "Log", "--key", "key=5"])), (3, "false\n", ""));
}

#[test]
fn what_is_not_there_is_told_by_the_exit_code() {
    let laptop = with_log();
    assert_eq!(end(&laptop.run(&["item", "get", "Log", "--key", "key=5"])), (3, "", "there is no such item in Log\n"));
    assert_eq!(end(&laptop.run(&["item", "delete", "Log", "--key", "key=5"])), (3, "", "there was no such item in Log\n"));
    let update = laptop.run(&["item", "update", "Log", "--key", "key=5", "--set", "a=1"]);
    assert_eq!(end(&update), (3, "", "there is no such item in Log\n"));
    assert_eq!(laptop.run(&["item", "scan", "Log"]).out, "0 items\n", "an update makes no item");
    let missing = laptop.run(&["item", "get", "Lag", "--key", "key=5"]);
    assert_eq!(end(&missing), (2, "", "error: there is no table Lag; there is Log\n"));
}

#[test]
fn an_item_is_put_only_if_it_is_absent() {
    let laptop = with_log();
    let put = |text: &str| laptop.run(&["item", "put", "Log", text, "--if-absent"]);
    assert_eq!(put(r#"{"key":"5","n":1}"#).exit, 0);
    let second = put(r#"{"key":"5","n":2}"#);
    assert_eq!(end(&second), (3, "put 0 items\n", "1 item in Log already and stayed\n"));
    assert_eq!(laptop.json(&["item", "get", "Log", "--key", "key=5", "--json"]), [json!({"key": "5", "n": 1})]);
}

#[test]
fn a_query_of_an_index_takes_conditions_filters_and_a_limit() {
    let laptop = with_log();
    let status = |n: u32| if n.is_multiple_of(5) { "ERROR" } else { "INFO" };
    let lines: Vec<String> =
        (0..50).map(|n| json!({"key": n.to_string(), "status": status(n), "n": n, "code": n.to_string()}).to_string()).collect();
    assert_eq!(laptop.run_with_input(&["item", "put", "Log", "-"], &lines.join("\n")).out, "put 50 items\n");
    let found = |more: &[&str]| {
        laptop.json(&[&["item", "query", "Log", "--index", "Status", "--key", "status=ERROR", "--json"], more].concat()).len()
    };
    assert_eq!(found(&[]), 10);
    assert_eq!(found(&["--where", "n>=20"]), 6);
    assert_eq!(found(&["--where", "code=20"]), 1, "a text that looks like a number is found, too");
    assert_eq!(found(&["--where", "n>=20", "--where", "n<40"]), 4);
    assert_eq!(found(&["--where", "code begins_with 4"]), 2);
    assert_eq!(found(&["--limit", "3"]), 3);
    let text = laptop.run(&["item", "query", "Log", "--key", "key=7"]).out;
    assert_eq!(text.lines().next(), Some("key  code  n  status"), "{text}");
    assert!(text.ends_with("1 item\n"), "{text}");
    assert_eq!(laptop.json(&["item", "scan", "Log", "--json"]).len(), 50);
    assert_eq!(laptop.json(&["item", "scan", "Log", "--where", "n between 1 and 3", "--json"]).len(), 3);
}

#[test]
fn keys_have_the_tables_types_and_sort_keys_take_conditions() {
    let laptop = with_events();
    let times = |key: &[&str]| -> Vec<i64> {
        let found = laptop.json(&[&["item", "query", "Events", "--json"], key].concat());
        found.iter().map(|item| item["ts"].as_i64().unwrap()).collect()
    };
    assert_eq!(times(&["--key", "device=1", "--key", "raw=AA2A"]), [2]);
    assert_eq!(times(&["--key", "device=1", "--index", "ByTime", "--key", "ts>=3", "--descending"]), [5, 4, 3]);
    assert_eq!(times(&["--key", "device=1", "--index", "ByTime", "--key", "ts between 2 and 3"]), [2, 3]);
    assert_eq!(times(&["--key", "device=1", "--index", "ByTime", "--where", "even=true"]), [2, 4]);
    let got = laptop.json(&["item", "get", "Events", "--key", "device=1", "--key", "raw=AA2A", "--typed", "--json"]);
    assert_eq!(got, [json!({"device": {"N": "1"}, "raw": {"B": "AA2A"}, "even": {"BOOL": true}, "ts": {"N": "2"}})]);
    for (key, expected) in [
        (vec!["--key", "device=x"], "--key device: the table has a number there"),
        (vec!["--key", "ts=1"], "that is no attribute of the key"),
        (vec!["--key", "device>1"], "--key device=VALUE is needed"),
        (vec!["--key", "device=1", "--index", "ByTim"], "has no index ByTim; there is ByTime"),
        (vec!["--key", "device"], "it must be ATTRIBUTE=VALUE"),
    ] {
        let said = laptop.run(&[vec!["item", "query", "Events"], key].concat());
        assert!(said.exit == 2 && said.err.contains(expected), "{expected}: {said:?}");
    }
    let half = laptop.run(&["item", "get", "Events", "--key", "device=1"]);
    assert!(half.exit == 2 && half.err.contains("has the key device and raw: give --key"), "{half:?}");
}

#[test]
fn sets_and_binary_are_typed_json_in_and_out() {
    let laptop = with_log();
    let typed = r#"{"key":{"S":"5"},"b":{"B":"AAE="},"bs":{"BS":["AAE="]},"ns":{"NS":["1","2"]},"ss":{"SS":["a","b"]}}"#;
    assert_eq!(laptop.run(&["item", "put", "Log", typed, "--typed"]).exit, 0);
    assert_eq!(laptop.run(&["item", "get", "Log", "--key", "key=5", "--typed", "--json"]).out, format!("{typed}\n"));
    assert_eq!(laptop.run(&["item", "scan", "Log", "--typed"]).out, format!("{typed}\n"));
    let plain = r#"{"key":"5","b":"AAE=","bs":["AAE="],"ns":[1,2],"ss":["a","b"]}"#;
    assert_eq!(laptop.run(&["item", "scan", "Log", "--json"]).out, format!("{plain}\n"));
}

#[test]
fn an_item_that_cannot_be_stored_is_told_without_its_content() {
    let laptop = with_log();
    for (item, expected) in [
        (r#"{"key":"5","n":1e200}"#, "the item cannot be stored: /n: a number is outside"),
        (r#"{"key":"5","secret"}"#, "the item is not JSON: expected ':' at byte"),
        (r#"["secret"]"#, "the item is an array; it must be an object"),
        (r#"{"kay":"secret"}"#, "the item cannot be put into Log: ValidationException"),
    ] {
        let said = laptop.run(&["item", "put", "Log", item]);
        assert!(said.exit == 2 && said.err.contains(expected) && !said.err.contains("secret"), "{said:?}");
    }
    let lines = laptop.run_with_input(&["item", "put", "Log", "-"], "{\"key\":\"1\"}\n\nnonsense\n{\"key\":\"2\"}");
    assert!(lines.exit == 2 && lines.err.contains("line 3: the item is not JSON") && lines.err.contains("(1 put before)"), "{lines:?}");
}

#[test]
fn every_page_is_read_though_a_filter_empties_it() {
    let laptop = with_log();
    let text = "x".repeat(300_000);
    let lines: Vec<String> = (0..8).map(|n| json!({"key": n.to_string(), "status": "ERROR", "n": n, "text": text}).to_string()).collect();
    assert_eq!(laptop.run_with_input(&["item", "put", "Log", "-"], &lines.join("\n")).exit, 0);
    let query = ["item", "query", "Log", "--index", "Status", "--key", "status=ERROR", "--json"];
    let all: Vec<Value> = laptop.json(&query);
    assert_eq!(all.len(), 8, "a page holds a megabyte");
    let last = all[7]["n"].to_string();
    assert_eq!(laptop.json(&[&query[..], &["--where", &format!("n={last}")]].concat()).len(), 1);
    assert_eq!(laptop.json(&["item", "scan", "Log", "--json", "--where", "n=-1"]).len(), 0);
    assert_eq!(laptop.json(&["item", "scan", "Log", "--json"]).len(), 8);
}
