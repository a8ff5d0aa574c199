//! `doctor`: on the embedded AWS, and where it may not look. What it finds in a deployment with a function is tested on moto.

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::laptop::{Laptop, Said};

fn denied() -> (u16, String) {
    (400, json!({"__type": "AccessDeniedException", "message": "not authorized"}).to_string())
}

fn findings(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn codes(said: &Said) -> Vec<String> {
    findings(said).iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_laptop_lacks_what_a_first_run_creates_and_then_nothing() {
    let laptop = Laptop::new();
    let before = laptop.run(&["doctor", "--json"]);
    assert_eq!((before.exit, codes(&before)), (3, vec!["table-missing".into(), "queue-missing".into(), "batch-missing".into()]));
    assert!(findings(&before).iter().all(|finding| finding["fix"] == "tablefeed invoke FILE"), "{before:?}");

    laptop.invoke(&["--generate", "1"]);
    let after = laptop.run(&["doctor"]);
    assert_eq!(after.exit, 0, "{after:?}");
    assert!(after.out.starts_with("0 errors, 0 warnings, "), "{after:?}");
}

#[test]
fn settings_are_judged_before_they_are_used_and_a_check_can_be_left_out() {
    let laptop = Laptop::new();
    laptop.invoke(&["--generate", "1"]);
    let said = laptop.run(&["doctor", "--json", "--set", "WRITE_CONCURRENCY=0", "--set", "PERSIST_RECORDS=1"]);
    assert_eq!((said.exit, codes(&said)), (3, vec!["setting".into(), "one-record".into()]));
    let said = laptop.run(&["doctor", "--json", "--set", "PERSIST_RECORDS=1"]);
    assert_eq!((said.exit, codes(&said)), (4, vec!["one-record".into()]));
    let said = laptop.run(&["doctor", "--set", "PERSIST_RECORDS=1", "--without", "one-record"]);
    assert_eq!(said.exit, 0, "{said:?}");
}

#[test]
fn what_may_not_be_read_is_never_taken_for_good() {
    let laptop = Laptop::new();
    let nobody = Fake::start(|_, _| denied());
    let said = laptop.run(&["doctor", "persist", "--endpoint-url", nobody.url(), "--json"]);
    assert_eq!(said.exit, 5, "{said:?}");
    let all = laptop.json(&["doctor", "--list", "--json"]).len();
    assert_eq!(findings(&said).len(), all, "every check is told");
    for finding in findings(&said) {
        assert_eq!(finding["severity"], "could not check");
        assert!(finding["what"].as_str().unwrap().contains("AccessDenied"), "{finding}");
    }
}

#[test]
fn a_part_that_may_not_be_read_leaves_the_others_checked() {
    let laptop = Laptop::new();
    let function = json!({
        "FunctionName": "persist", "Timeout": 3, "MemorySize": 512,
        "Environment": {"Variables": {"TABLE": "Items", "DLQ_URL": "http://127.0.0.1/1/letters", "MAPPING": "document"}}
    });
    let half = Fake::start(move |operation, _| if operation.contains("/configuration") { (200, function.to_string()) } else { denied() });
    let said = laptop.run(&["doctor", "persist", "--endpoint-url", half.url()]);
    assert_eq!(said.exit, 3, "an error is worse than what is not known: {said:?}");
    assert!(said.out.starts_with("error timeout-short: "), "{said:?}");
    for code in ["table-missing, table-key", "queue-missing, queue-size", "source-missing, source-disabled"] {
        let line = said.out.lines().find(|line| line.starts_with("could not check") && line.contains(code));
        assert!(line.is_some_and(|line| line.contains("AccessDenied")), "{code}: {said:?}");
    }
    assert_eq!(laptop.run(&["doctor", "persist", "--endpoint-url", half.url(), "--without", "timeout-short"]).exit, 5);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let laptop = Laptop::new();
    for (arguments, told) in [
        (&["doctor", "--without", "table-kay"][..], "did you mean `table-key`?"),
        (&["doctor", "--aws"], "which function?"),
        (&["doctor", "persist"], "the embedded AWS has no functions"),
        (&["doctor", "persist", "--aws", "--mapping", "none.json"], "cannot read --mapping none.json"),
        (&["doctor", "--stale-after", "soon"], "such as 15m"),
    ] {
        let said = laptop.run(arguments);
        assert_eq!(said.exit, 2, "{said:?}");
        assert!(said.err.contains(told), "{said:?}");
    }
}
