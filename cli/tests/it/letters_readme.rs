//! The README's lines about letters, run as they stand there.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::laptop::Laptop;

/// The block of shell lines under a heading.
fn lines(page: &str, heading: &str) -> Vec<String> {
    let (_, section) = page.split_once(&format!("\n{heading}\n")).unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    block.split_once("```").unwrap().0.lines().map(str::to_owned).collect()
}

#[test]
fn the_readmes_lines_show_why_put_it_right_and_redrive() {
    let laptop = Laptop::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for name in ["events", "src"] {
        symlink(root.join(name), laptop.path().join(name)).unwrap();
    }
    std::fs::create_dir_all(laptop.path().join("target/debug")).unwrap();
    symlink(env!("CARGO_BIN_EXE_tablefeed"), laptop.path().join("target/debug/tablefeed")).unwrap();
    // As `make demo` does.
    laptop.invoke(&["events/mixed.json"]);
    let before = (laptop.json(&["items", "CuratedRecords", "--json"]).len(), laptop.json(&["letters", "--json"]).len());

    let lines = lines(include_str!("../../../README.md"), "### Letters again");
    let run = |line: &str| {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh").args(["-c", line]).current_dir(laptop.path()).env_clear().env("PATH", path).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let [list, fix, redrive] = &lines[..] else { panic!("{lines:?}") };
    let (exit, shown) = run(list);
    assert!(exit == 0 && shown.contains("field `table-name` is absent") && shown.ends_with("2 letters in 2 messages\n"), "{shown}");
    assert_eq!(run(fix).0, 0);
    let (exit, shown) = run(redrive);
    assert!(exit == 3 && shown.contains("persisted 1"), "{shown}");
    let after = (laptop.json(&["items", "CuratedRecords", "--json"]).len(), laptop.json(&["letters", "--json"]).len());
    assert_eq!(after, (before.0 + 1, before.1 - 1));
}
