//! What `tablefeed --version` tells beyond the version: the target, the profile, the compiler and, of a release build, the commit.
//!
//! The commit is left out of other builds, which would be built anew after each commit for its sake alone.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let told = |name: &str| env::var(name).unwrap_or_default();
    let profile = told("PROFILE");
    let compiler = said(&told("RUSTC"), &["--version"]).unwrap_or_default();
    let commit = if profile == "release" { commit() } else { None };
    println!("cargo:rustc-env=BUILD_TARGET={}", told("TARGET"));
    println!("cargo:rustc-env=BUILD_PROFILE={profile}");
    println!("cargo:rustc-env=BUILD_COMPILER={compiler}");
    println!("cargo:rustc-env=BUILD_COMMIT={}", commit.as_deref().unwrap_or("not known"));
}

/// Where there is a repository; a package from a registry has none.
fn commit() -> Option<String> {
    let log = said("git", &["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"])?;
    println!("cargo:rerun-if-changed={log}");
    said("git", &["rev-parse", "--short=12", "HEAD"])
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|said| !said.is_empty())
}
