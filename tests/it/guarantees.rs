//! docs/guarantees.md promises nothing that no test executes.

use std::path::Path;

/// The text of all Rust sources below a folder.
fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => std::fs::read_to_string(&path).unwrap(),
            _ => String::new(),
        })
        .collect()
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: String = ["src", "tests", "cli", "local", "topic"].map(|folder| sources(&root.join(folder))).concat();
    let page = include_str!("../../docs/guarantees.md");
    let promises: Vec<&str> = page.split("\n- ").skip(1).collect();
    assert!(promises.len() > 10);
    for promise in promises {
        let (_, named) = promise.split_once("Tests: ").unwrap_or_else(|| panic!("a promise without a test: {promise}"));
        let named = named.split("\n\n").next().unwrap();
        let tests: Vec<&str> = named.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "a promise without a test: {promise}");
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "there is no test {test}");
        }
    }
}
