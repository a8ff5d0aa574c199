//! What makes the command line one for people: completions, man pages, suggestions, colour where it is wanted, and its build.

use std::process::Command;

use crate::laptop::Laptop;

/// Every command that `--help` lists.
fn commands(laptop: &Laptop) -> Vec<String> {
    let help = laptop.run(&["--help"]).out;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn completions_name_every_command() {
    let laptop = Laptop::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = laptop.run(&["completions", shell]);
        assert_eq!(said.exit, 0, "{shell}");
        for command in commands(&laptop) {
            assert!(said.out.contains(&command), "{shell} lacks {command}");
        }
    }
    let script = laptop.file("completions.bash", &laptop.run(&["completions", "bash"]).out);
    let lines = format!(
        "source '{}'; COMP_WORDS=(tablefeed doc); COMP_CWORD=1; _tablefeed tablefeed doc tablefeed; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let completed = Command::new("bash").args(["-c", &lines]).output().unwrap();
    assert_eq!(String::from_utf8(completed.stdout).unwrap(), "doctor\n");
}

#[test]
fn every_command_has_a_man_page() {
    let laptop = Laptop::new();
    let said = laptop.run(&["man", "pages"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let page = |name: &str| std::fs::read_to_string(laptop.path().join("pages").join(format!("{name}.1"))).unwrap();
    assert!(page("tablefeed").contains("Exit codes"));
    for command in commands(&laptop) {
        assert!(page(&format!("tablefeed-{command}")).contains(".SH NAME"), "{command}");
    }
    assert!(page("tablefeed-letters-redrive").contains("tablefeed"));
}

#[test]
fn a_mistyped_command_or_option_is_answered_with_the_nearest_one() {
    let laptop = Laptop::new();
    for (arguments, nearest) in
        [(&["docter"][..], "'doctor'"), (&["doctor", "--stale-afer", "1d"], "'--stale-after'"), (&["letters", "--jsn"], "'--json'")]
    {
        let said = laptop.run(arguments);
        assert_eq!(said.exit, 2, "{said:?}");
        assert!(said.err.contains("similar") && said.err.contains(nearest), "{said:?}");
    }
}

#[test]
fn nothing_is_coloured_where_no_terminal_is_or_where_no_colour_is_wanted() {
    let laptop = Laptop::new();
    for arguments in [&["--help"][..], &["docter"], &["doctor"]] {
        let said = laptop.run(arguments);
        assert!(!said.out.contains('\u{1b}') && !said.err.contains('\u{1b}'), "{said:?}");
    }
    let forced = |no_color: Option<&str>| {
        let mut command = laptop.command(&["docter"]);
        command.env("CLICOLOR_FORCE", "1");
        no_color.map(|value| command.env("NO_COLOR", value));
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    assert!(forced(None).contains('\u{1b}'), "a terminal would show colours");
    assert!(!forced(Some("1")).contains('\u{1b}'));
}

#[test]
fn the_version_tells_the_build() {
    let laptop = Laptop::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(laptop.run(&["-V"]).out, format!("tablefeed {version}\n"));
    let long = laptop.run(&["--version"]).out;
    let names: Vec<&str> = long.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(names, ["tablefeed", "commit", "target", "profile", "compiler"]);
    assert!(long.starts_with(&format!("tablefeed {version}\n")) && long.contains("rustc 1."), "{long}");
}
