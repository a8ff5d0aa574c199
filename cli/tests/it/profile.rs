//! Profiles: who gives an option, what the file may say, and that a profile does what typing its options does, and no more.

use std::process::Command;

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::laptop::{Laptop, Said};
use crate::shared::Shared;

const FILE: &str = r#"
[default]
region = "default-1"
queue = "default-letters"
set.MAPPING = "document"
set.TABLE = "Default"

[profile.prod]
aws = true
region = "prod-1"
aws-profile = "prod"
function = "persist"
set.TABLE = "Prod"

[profile.staging]
endpoint-url = "http://127.0.0.1:1"
"#;

/// Names and values.
type Variables<'v> = &'v [(&'v str, &'v str)];

/// A laptop with that file.
fn laptop() -> Laptop {
    let laptop = Laptop::new();
    laptop.file("tablefeed.toml", FILE);
    laptop
}

/// What a command says with these variables.
fn said(laptop: &Laptop, arguments: &[&str], variables: Variables) -> Said {
    Said::of(&laptop.command(arguments).envs(variables.iter().copied()).output().unwrap())
}

/// An option that holds, and who gives it; `null` if nobody does.
fn holds(laptop: &Laptop, arguments: &[&str], variables: Variables, option: &str) -> Value {
    let said = said(laptop, &[&["config", "--json"], arguments].concat(), variables);
    assert_eq!(said.exit, 0, "{said:?}");
    let seen: Value = serde_json::from_str(&said.out).unwrap();
    let options = seen["options"].as_array().unwrap();
    let found: Vec<&Value> = options.iter().filter(|row| row["option"] == option).collect();
    assert!(found.len() < 2, "{option} twice: {seen}");
    found.first().map_or(Value::Null, |row| json!([row["value"], row["from"]]))
}

#[test]
fn secrets_are_shown_neither_by_config_nor_by_the_note() {
    let laptop = Laptop::new();
    laptop.file("tablefeed.toml", "default.set.API_KEYS = \"sixteen-characters\"\ndefault.set.EGRESS_API_HOST = \"http://u:sixteen@h\"\n");
    for arguments in [&["config"][..], &["config", "--json"]] {
        let said = laptop.run(arguments);
        assert!(said.out.contains("set API_KEYS") && said.err.contains("API_KEYS"), "{said:?}");
        assert!(!format!("{said:?}").contains("sixteen"), "{said:?}");
    }
}

#[test]
fn the_command_line_goes_before_the_environment_that_before_the_profile_and_that_before_the_default() {
    let laptop = laptop();
    let prod = ["--profile", "prod"];
    let aws = ["--aws"];
    let rows: &[(&str, &[&str], Variables, Value)] = &[
        ("region", &["--region", "typed-1"], &[("AWS_REGION", "env-1"), ("TABLEFEED_PROFILE", "prod")], json!(["typed-1", "command line"])),
        ("region", &prod, &[("AWS_REGION", "env-1"), ("AWS_DEFAULT_REGION", "env-2")], json!(["env-1", "environment, AWS_REGION"])),
        ("region", &prod, &[("AWS_DEFAULT_REGION", "env-2")], json!(["env-2", "environment, AWS_DEFAULT_REGION"])),
        ("region", &prod, &[("AWS_REGION", "")], json!(["prod-1", "[profile.prod]"])),
        ("region", &aws, &[], json!(["default-1", "[default]"])),
        ("region", &[], &[("AWS_REGION", "env-1")], Value::Null), // the embedded AWS has none
        ("aws-profile", &["--profile", "prod", "--aws-profile", "typed"], &[("AWS_PROFILE", "env")], json!(["typed", "command line"])),
        ("aws-profile", &prod, &[("AWS_PROFILE", "env")], json!(["env", "environment, AWS_PROFILE"])),
        ("aws-profile", &prod, &[], json!(["prod", "[profile.prod]"])),
        ("aws-profile", &aws, &[], Value::Null),
        ("aws", &prod, &[], json!(["true", "[profile.prod]"])),
        ("aws", &["--profile", "prod", "--dir", "here"], &[], Value::Null),
        ("dir", &["--profile", "prod", "--dir", "here"], &[], json!(["here", "command line"])),
        ("region", &["--profile", "prod", "--dir", "here"], &[], Value::Null),
        ("function", &["--profile", "prod", "--dir", "here"], &[], Value::Null),
        ("dir", &prod, &[], Value::Null),
        ("dir", &[], &[], json!([".tablefeed", "built in"])),
        ("endpoint-url", &["--profile", "staging"], &[], json!(["http://127.0.0.1:1", "[profile.staging]"])),
        ("endpoint-url", &["--profile", "staging", "--aws"], &[], Value::Null),
        ("aws", &["--profile", "prod", "--endpoint-url", "http://127.0.0.1:2"], &[], Value::Null),
        ("function", &prod, &[], json!(["persist", "[profile.prod]"])),
        ("function", &["--profile", "prod", "other"], &[], json!(["other", "command line"])),
        ("queue", &["--queue", "typed"], &[], json!(["typed", "command line"])),
        ("queue", &prod, &[], json!(["default-letters", "[default]"])),
        ("set TABLE", &["--profile", "prod", "--set", "TABLE=Typed"], &[("TABLE", "Env")], json!(["Typed", "command line"])),
        ("set TABLE", &prod, &[("TABLE", "Env")], json!(["Prod", "[profile.prod]"])), // settings of a run are never the environment's
        ("set TABLE", &[], &[], json!(["Default", "[default]"])),
        ("set MAPPING", &prod, &[], json!(["document", "[default]"])),
        ("set TABLE", &[], &[("TABLEFEED_PROFILE", "prod")], json!(["Prod", "[profile.prod]"])),
        ("set TABLE", &["--profile", "staging"], &[("TABLEFEED_PROFILE", "prod")], json!(["Default", "[default]"])),
        ("set TABLE", &[], &[("TABLEFEED_PROFILE", "")], json!(["Default", "[default]"])),
        ("set TABLE", &[], &[("TABLEFEED_CONFIG", "/dev/null")], Value::Null),
    ];
    for (option, arguments, variables, expected) in rows {
        assert_eq!(holds(&laptop, arguments, variables, option), *expected, "{option} with {arguments:?} and {variables:?}");
    }
}

#[test]
fn the_nearest_file_above_is_taken_and_its_paths_start_there() {
    let laptop = Laptop::new();
    laptop.file("tablefeed.toml", "[default]\ndir = \"state\"\nset.MAPPING = \"maps/m.json\"\n");
    std::fs::create_dir_all(laptop.path().join("maps")).unwrap();
    laptop.file("maps/m.json", r#"{"key": {"partition": "id"}, "types": {"id": "S"}, "item": {"id": "{n}"}}"#);
    let below = laptop.path().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    laptop.file("a/b/data.ndjson", "{\"n\":\"one\"}\n");
    let run = |arguments: &[&str]| Said::of(&laptop.command(arguments).current_dir(&below).output().unwrap());

    let fed = run(&["run", "data.ndjson", "--json"]);
    assert_eq!(fed.exit, 0, "{fed:?}");
    assert!(fed.err.contains("../../tablefeed.toml: --dir ../../state --set MAPPING\n"), "{fed:?}");
    assert!(laptop.path().join("state/run/data.ndjson.json").exists() && !below.join(".tablefeed").exists());
    assert_eq!(run(&["items", "Items", "--json"]).out, "{\"id\":\"one\"}\n");

    laptop.file("a/tablefeed.toml", "");
    assert_eq!(run(&["config"]).out.lines().next(), Some("file      ../tablefeed.toml"), "the nearest file alone counts");
    let named = run(&["config", "--config-file", "../../tablefeed.toml"]);
    assert_eq!(named.out.lines().next(), Some("file      ../../tablefeed.toml"));
}

#[test]
fn a_profile_leads_to_another_server_as_typing_does() {
    let fake = Fake::start(|_, _| (200, r#"{"TableNames":["There"]}"#.to_owned()));
    let laptop = Laptop::new();
    laptop.file("tablefeed.toml", &format!("[profile.there]\nendpoint-url = \"{}\"\n", fake.url()));
    assert_eq!(laptop.run(&["table", "list", "--profile", "there"]).out, "There\n");
    assert_eq!(laptop.run(&["--profile", "there", "table", "list", "--dir", "here"]).out, "", "a place that is typed");
    assert_eq!(fake.count("ListTables"), 1);
}

#[test]
fn what_is_not_right_in_the_file_is_told_with_its_line() {
    let laptop = Laptop::new();
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("[default]\n\nregin = 'x'\n", &["items", "T"], &["tablefeed.toml, line 3: `regin`", "did you mean `region`?"]),
        (
            "[default]\nqueue = 5\naws = 'yes'\n",
            &["letters"],
            &["line 2: `queue` must be a text", "tablefeed.toml, line 3: `aws` must be true"],
        ),
        ("[default]\nyes = true\n", &["items", "T"], &["line 2: `yes` is nothing that a profile gives"]),
        ("[defaults]\n", &["items", "T"], &["line 1: `defaults` is unknown here: did you mean `default`?"]),
        ("[default\n", &["items", "T"], &["tablefeed.toml, line 1: "]),
        ("[profile.prod]\n", &["items", "T", "--profile", "prd"], &["tablefeed.toml has no profile prd: did you mean `prod`?"]),
        ("[default]\n", &["items", "T", "--profile", "prd"], &["tablefeed.toml has no profile prd: it has none"]),
        ("", &["items", "T", "--config-file", "none.toml"], &["cannot read none.toml"]),
        ("[default.set]\nTABEL = 'x'\n", &["invoke", "--generate", "1"], &["TABEL is no setting; did you mean TABLE?"]),
    ];
    for (text, arguments, expected) in rows {
        laptop.file("tablefeed.toml", text);
        let said = laptop.run(arguments);
        assert_eq!((said.exit, said.out.as_str()), (2, ""), "{text}: {said:?}");
        assert!(expected.iter().all(|expected| said.err.contains(expected)), "{expected:?} in {}", said.err);
    }
    std::fs::remove_file(laptop.path().join("tablefeed.toml")).unwrap();
    assert!(laptop.run(&["items", "T", "--profile", "prod"]).err.contains("there is no profile prod: no tablefeed.toml is here"));
    laptop.file("tablefeed.toml", "[default\n");
    assert_eq!(laptop.run(&["completions", "bash"]).exit, 0, "a command that takes nothing of it does not read it");
}

#[test]
fn the_cloud_by_a_profile_is_the_cloud_as_typed_with_every_question_asked() {
    let typed = Laptop::new();
    let by_profile = Laptop::new();
    by_profile.file("tablefeed.toml", "[profile.prod]\naws = true\nregion = \"eu-west-1\"\n");
    let cloud = Fake::start(|_, _| (400, r#"{"__type":"AccessDeniedException","message":"no"}"#.to_owned()));
    let variables = [("AWS_ENDPOINT_URL", cloud.url()), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
    let commands: &[&[&str]] = &[
        &["invoke", "--generate", "1"],
        &["invoke", "--generate", "1", "--batch-id", "b"],
        &["run", "data.ndjson"],
        &["table", "delete", "T"],
        &["letters", "purge"],
        &["letters", "redrive", "--dry-run"],
        &["status"],
        &["doctor"],
        &["items", "T"],
    ];
    for command in commands {
        let plain = said(&typed, &[command, &["--aws", "--region", "eu-west-1"][..]].concat(), &variables);
        let chosen = said(&by_profile, &[command, &["--profile", "prod"][..]].concat(), &variables);
        let note = "tablefeed.toml, profile prod: --aws --region eu-west-1\n";
        assert_eq!((chosen.exit, &chosen.out), (plain.exit, &plain.out), "{command:?}: {chosen:?}");
        assert_eq!(chosen.err, format!("{note}{}", plain.err), "{command:?}");
        assert_ne!(plain.exit, 0, "{command:?}");
    }
    for writes in ["BatchWriteItem", "PutParameter", "CreateTable", "DeleteTable", "CreateQueue", "DeleteMessageBatch"] {
        assert_eq!(cloud.count(writes), 0, "{writes}");
    }
}

#[test]
fn settings_and_queue_reach_the_commands_that_take_them() {
    let laptop = Laptop::new();
    laptop.file("tablefeed.toml", "[default]\nqueue = \"mine\"\nset.TABLE = \"Mine\"\nset.PERSIST_RECORDS = 2\n");
    let summary = laptop.invoke(&["--generate", "3"]);
    assert_eq!((&summary["outcomes"]["persisted"], &summary["outcomes"]["over_limit"]), (&json!(2), &json!(1)), "{summary}");
    assert_eq!(laptop.json(&["items", "Mine", "--json"]).len(), 2);
    assert_eq!(laptop.invoke(&["--generate", "3", "--set", "PERSIST_RECORDS=3"])["outcomes"]["persisted"], 3);
    let letters = laptop.run(&["letters"]);
    assert!(letters.exit == 2 && letters.err.contains("there is no queue mine"), "{letters:?}");
    assert_eq!(laptop.json(&["letters", "--queue", "tablefeed-letters", "--json"]).len(), 1);
    // `item update --set` has another meaning, and `ingest` puts the environment before the profile.
    assert!(!laptop.run(&["item", "update", "Mine", "--key", "CurationRecordId=x", "--set", "a=1"]).err.contains("--set"));
    let open = ["ingest", "--set", "BIND_ADDRESS=0.0.0.0"];
    let profile = said(&laptop, &open, &[]);
    assert!(
        profile.exit == 2 && profile.err.starts_with("tablefeed.toml: --set TABLE\n"),
        "the environment has PERSIST_RECORDS: {profile:?}"
    );
    let environment = said(&laptop, &open, &[("TABLE", "Theirs")]);
    assert!(environment.exit == 2 && !environment.err.contains("tablefeed.toml"), "{environment:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_works_beside_an_embedded_aws_that_is_served_already() {
    let shared = Shared::new().await;
    shared.laptop.file("tablefeed.toml", &format!("[profile.shared]\nendpoint-url = \"{}\"\n", shared.embedded.endpoint()));
    let summary = shared.laptop.invoke(&["--generate", "5", "--profile", "shared"]);
    assert_eq!(summary["outcomes"]["persisted"], 5);
    assert_eq!(shared.laptop.json(&["items", "CuratedRecords", "--json"]).len(), 5);
}

#[test]
fn the_note_is_dim_on_a_terminal_alone() {
    let laptop = laptop();
    let on_terminal = |variables: Variables| {
        let line = format!("{} config", env!("CARGO_BIN_EXE_tablefeed"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(laptop.path()).env_clear().envs(variables.iter().copied());
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("SHELL", "/bin/sh");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let dim = "\u{1b}[2mtablefeed.toml: ";
    assert!(on_terminal(&[("TERM", "xterm")]).contains(dim), "{}", on_terminal(&[("TERM", "xterm")]));
    for variables in [&[("TERM", "xterm"), ("NO_COLOR", "1")][..], &[("TERM", "xterm"), ("CLICOLOR", "0")], &[("TERM", "dumb")]] {
        let shown = on_terminal(variables);
        assert!(shown.contains("tablefeed.toml: ") && !shown.contains('\u{1b}'), "{variables:?}: {shown:?}");
    }
    assert!(laptop.run(&["config"]).err.starts_with("tablefeed.toml: "));
}

#[test]
fn the_page_shows_a_file_that_works_and_every_key_of_a_profile() {
    let page = include_str!("../../../docs/cli.md");
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let laptop = Laptop::new();
    laptop.file("tablefeed.toml", example);
    for (option, value) in [("region", "eu-west-1"), ("set TABLE", "Orders"), ("queue", "tablefeed-letters")] {
        assert_eq!(holds(&laptop, &["--profile", "prod"], &[], option), json!([value, "[profile.prod]"]));
    }
    assert_eq!(holds(&laptop, &["--profile", "staging"], &[], "endpoint-url")[1], "[profile.staging]");
    let status = laptop.run(&["status", "--profile", "prod", "--set", "X"]);
    assert!(!status.err.contains("tablefeed-persist"), "a function cannot stand beside --set: {status:?}");

    laptop.file("tablefeed.toml", "[default]\nzzzzzzzzzzzz = 1\n");
    let known = laptop.run(&["items", "T"]).err;
    let known: Vec<&str> = known.split('`').skip(3).step_by(2).collect();
    let rows: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let of_table: Vec<&str> = rows.into_iter().filter(|name| !name.starts_with('-')).collect();
    assert_eq!(of_table, known, "the table of keys");
}
