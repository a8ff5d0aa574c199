//! The function carries only what it runs.

use std::process::Command;

/// The crates of a package without those for development, a line each: `name vVERSION`.
fn crates() -> Vec<String> {
    let arguments = ["tree", "-p", "tablefeed", "-e", "normal", "--prefix", "none", "--format", "{p}", "--locked"];
    let done = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    let lines = text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    let mut crates: Vec<String> = lines.collect();
    crates.sort();
    crates.dedup();
    crates
}

#[test]
fn no_command_line_no_server_no_database_no_emulator() {
    let crates = crates();
    assert!(crates.len() > 50, "{crates:?}");
    for heavy in [
        "clap",
        "axum",
        "rusqlite",
        "libsqlite3-sys",
        "dynoxide",
        "tablefeed-local",
        "tablefeed-cli",
        "rdkafka",
        "openssl-sys",
        "native-tls",
    ] {
        assert!(!crates.iter().any(|name| name.starts_with(heavy)), "{heavy}");
    }
}

#[test]
fn one_hyper_one_rustls_one_tls_provider() {
    let crates = crates();
    for single in ["hyper", "rustls", "ring", "h2", "http"] {
        let versions: Vec<&String> = crates.iter().filter(|name| name.split(' ').next() == Some(single)).collect();
        assert_eq!(versions.len(), 1, "{versions:?}");
    }
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    assert!(!lock.contains("aws-lc"), "aws-lc's start-up costs tens of milliseconds of every cold start");
}
