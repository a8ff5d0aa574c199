//! Failure table: settings that are missing or malformed, and events that cannot be read.

use std::time::Duration;

use tablefeed::mapping::Mappings;
use tablefeed::persist::FunctionError;
use tablefeed::settings::SETTINGS;

use crate::world::{BY_ID, World, invoke};

async fn error(changes: &[(&str, &str)]) -> String {
    World::empty().await.settings(changes).unwrap_err().to_string()
}

#[tokio::test]
async fn every_bad_setting_is_named_at_once() {
    let error = error(&[("PERSIST_RECORDS", "ten"), ("OVER_LIMIT", "drop"), ("TABLE", "no table!"), ("DLQ_URL", "")]).await;
    for part in ["4 settings", "PERSIST_RECORDS is \"ten\"", "OVER_LIMIT is \"drop\"", "dlq or skip", "TABLE is", "DLQ_URL is missing"] {
        assert!(error.contains(part), "{error} should say {part:?}");
    }
}

#[tokio::test]
async fn a_batch_id_is_required_exactly_when_the_mapping_names_it() {
    assert!(error(&[("LATEST_BATCH_ID", "")]).await.contains("LATEST_BATCH_ID is missing"));
    let world = World::empty().await;
    assert!(world.settings(&[("LATEST_BATCH_ID", ""), ("MAPPING", BY_ID)]).is_ok());
    assert!(world.settings(&[("LATEST_BATCH_ID", ""), ("MAPPING", "document")]).unwrap().batch_parameter.is_none());
}

#[tokio::test]
async fn older_names_work_and_two_that_differ_are_refused() {
    let world = World::empty().await;
    let settings = world.settings(&[("TABLE", ""), ("table_name", "Older")]).unwrap();
    assert_eq!(settings.table.id, "Older");
    let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/Curated";
    let settings = world.settings(&[("TABLE", ""), ("DDB_CURATED_RECORDS_TABLE_ARN", arn)]).unwrap();
    assert_eq!((settings.table.id.as_str(), settings.table.region.as_deref()), (arn, Some("eu-west-1")));
    assert!(error(&[("TABLE_NAME", "Other")]).await.contains("TABLE is given twice and differs: TABLE and TABLE_NAME"));
    assert!(world.settings(&[("TABLE_NAME", crate::world::TABLE)]).is_ok());
}

#[tokio::test]
async fn keys_alone_take_the_place_of_the_mapping_and_every_mistake_in_them_is_named() {
    let both = error(&[("PARTITION_KEY", "id"), ("MAPPING", "document")]).await;
    assert!(both.contains("PARTITION_KEY and MAPPING both say what items become; keep one"), "{both}");
    let alone = error(&[("param_sort_key", "id"), ("TIME_ZONE", "UTC"), ("TIME_FIELD", "t"), ("TIME_UNIT", "s")]).await;
    for part in
        ["4 settings", "SORT_KEY is set, but means something with PARTITION_KEY only", "TIME_ZONE is", "TIME_FIELD is", "TIME_UNIT is"]
    {
        assert!(alone.contains(part), "{alone} should say {part:?}");
    }
    let wrong =
        [("PARTITION_KEY", "day|%Y-%Q"), ("SORT_KEY", "|%H"), ("TIME_UNIT", "mss"), ("TIME_ZONE", "Europe/Berln"), ("TIME_FIELD", " t")];
    let wrong = error(&wrong).await;
    for part in [
        "PARTITION_KEY cannot be used: `%Q` is no supported directive of strftime",
        "SORT_KEY is \"|%H\"; it must be a field's name, or `attribute|strftime pattern`",
        "TIME_UNIT cannot be used: unknown unit `mss`: did you mean `ms`?",
        "TIME_ZONE cannot be used: there is no time zone `Europe/Berln`: did you mean `Europe/Berlin`?",
        "TIME_FIELD cannot be used: field ` t` has white space",
    ] {
        assert!(wrong.contains(part), "{wrong} should say {part:?}");
    }
    assert!(
        error(&[("PARTITION_KEY", "a"), ("param_partition_key", "b")])
            .await
            .starts_with("1 setting cannot be used: PARTITION_KEY is given twice")
    );
}

#[tokio::test]
async fn keys_that_show_too_little_of_the_time_are_warned_about() {
    let world = World::empty().await;
    let warnings = |changes: &[(&str, &str)]| world.settings(changes).unwrap().warnings;
    let coarse = warnings(&[("PARTITION_KEY", "year_month|%Y-%m")]);
    assert!(
        coarse.len() == 1 && coarse[0].contains("`year_month` shows too little of the time") && coarse[0].contains("{@id}"),
        "{coarse:?}"
    );
    assert_eq!(warnings(&[("PARTITION_KEY", "year_month|%Y-%m"), ("SORT_KEY", "rest|%d-%H:%M:%S.%f")]), [""; 0]);
    assert_eq!(warnings(&[("PARTITION_KEY", "year_month|%Y-%m"), ("SORT_KEY", "id")]), [""; 0]);
    let idle = warnings(&[("PARTITION_KEY", "id"), ("TIME_ZONE", "Europe/Berlin")]);
    assert_eq!(idle, ["TIME_ZONE changes nothing: neither key has a strftime pattern"]);
}

#[tokio::test]
async fn write_failures_as_letters_need_keys_that_no_document_chooses() {
    assert!(error(&[("WRITE_FAILURES", "dlq"), ("MAPPING", BY_ID)]).await.contains("WRITE_FAILURES dlq needs keys that contain {@id}"));
    let world = World::empty().await;
    assert!(world.settings(&[("WRITE_FAILURES", "dlq")]).is_ok());
    assert!(world.settings(&[("WRITE_FAILURES", "dlq"), ("MAPPING", BY_ID), ("WRITE_MODE", "newest")]).is_ok());
}

#[tokio::test]
async fn what_the_write_mode_cannot_use_is_named() {
    assert!(error(&[("WRITE_MODE", "latest")]).await.contains("it must be put or newest"));
    assert!(error(&[("ORDER_BY", "at")]).await.contains("ORDER_BY is set, but means something with WRITE_MODE=newest only"));
    let newest = async |name, value| error(&[("MAPPING", BY_ID), ("WRITE_MODE", "newest"), (name, value)]).await;
    assert!(
        newest("ORDER_BY", "@arival").await.contains("ORDER_BY cannot be used: unknown placeholder `@arival`: did you mean `@arrival`?")
    );
    assert!(newest("ORDER_ATTRIBUTE", "id").await.contains("ORDER_ATTRIBUTE is `id`, which the mapping uses itself"));
    let warnings = World::empty().await.settings(&[("WRITE_MODE", "newest")]).unwrap().warnings;
    assert!(warnings[0].contains("changes nothing but the cost"), "{warnings:?}");
}

#[tokio::test]
async fn a_mapping_may_be_a_name_inline_json_or_a_file() {
    let world = World::empty().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), BY_ID).unwrap();
    for mapping in ["curated", "document", "quix", BY_ID, file.path().to_str().unwrap()] {
        assert!(world.settings(&[("MAPPING", mapping)]).is_ok(), "{mapping}");
    }
    let error = error(&[("MAPPING", "no-such-file.json")]).await;
    assert!(error.contains("no built-in (curated, document, reading, quix)") && error.contains("no file"), "{error}");
}

#[tokio::test]
async fn an_unknown_placeholder_is_named_with_its_place_and_a_suggestion() {
    let mapping = r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{@id}", "b": "{@bacth}"}}"#;
    let error = error(&[("MAPPING", mapping)]).await;
    for part in ["MAPPING does not compile", "@bacth", "/item/b", "line 1", "@batch"] {
        assert!(error.contains(part), "{error} should say {part:?}");
    }
}

#[tokio::test]
async fn queues_by_arn_and_fifo_queues_are_refused() {
    assert!(error(&[("DLQ_URL", "arn:aws:sqs:us-east-1:1:q")]).await.contains("not its ARN"));
    assert!(error(&[("DLQ_URL", "https://sqs.us-east-1.amazonaws.com/1/q.fifo")]).await.contains("FIFO"));
    assert!(error(&[("DLQ_URL", "letters")]).await.contains("must be a queue's URL"));
}

#[tokio::test]
async fn the_default_settings_are_what_the_table_of_settings_says() {
    let settings = World::empty().await.settings(&[]).unwrap();
    let default = |name: &str| SETTINGS.iter().find(|setting| setting.name == name).unwrap().default;
    assert_eq!(default("WRITE_CONCURRENCY"), settings.write_concurrency.to_string());
    assert_eq!(default("MAX_EVENT_BYTES"), settings.max_event_bytes.to_string());
    assert_eq!(default("MAX_DECOMPRESSED_BYTES"), settings.max_decompressed_bytes.to_string());
    assert_eq!(default("ID_NAMESPACE"), settings.id_namespace.to_string());
    assert_eq!(default("POWERTOOLS_SERVICE_NAME"), settings.logging.service);
    assert_eq!(default("POWERTOOLS_METRICS_NAMESPACE"), settings.logging.namespace);
    assert_eq!(default("BATCH_ID_MAX_AGE_SECONDS"), settings.batch_id_max_age.as_secs().to_string());
    assert!(Mappings::BUILT_IN.contains(&default("MAPPING")));
    let newest = World::empty().await.settings(&[("WRITE_MODE", "newest")]).unwrap();
    assert_eq!(Some(default("ORDER_ATTRIBUTE")), newest.mapping.order_attribute());
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_a_function_error_that_says_what_came() {
    let world = World::new().await;
    let function = world.function(&[]);
    let came = async |event: &str| invoke(&function, event.as_bytes(), Duration::from_secs(60)).await.unwrap_err();
    let s3 = came(r#"{"Records":[{"eventSource":"aws:s3","s3":{}}]}"#).await;
    assert!(matches!(s3, FunctionError::Event(_)) && s3.to_string().contains("an event of aws:s3 came"), "{s3}");
    assert!(came("{").await.to_string().contains("not JSON"));
    assert!(came("null").await.to_string().contains("null came"));
}

#[tokio::test]
async fn a_reading_needs_the_names_of_its_fields() {
    let world = World::empty().await;
    let reading = [("MAPPING", "reading"), ("INPUT_LABEL", "temperature"), ("INPUT_UNIT", "unit")];
    assert!(world.settings(&reading).is_ok());
    assert!(error(&reading[..2]).await.contains("MAPPING is reading, which needs INPUT_LABEL and INPUT_UNIT"));
    assert!(error(&reading[1..]).await.contains("INPUT_LABEL is set, but means something with MAPPING=reading only"));
    let same = [("MAPPING", "reading"), ("INPUT_LABEL", "id"), ("INPUT_UNIT", "unit")];
    assert!(error(&same).await.contains("INPUT_LABEL cannot be used"));
}
