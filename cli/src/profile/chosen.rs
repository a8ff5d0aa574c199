//! The profile of this command line: chosen by `--profile` and `--config-file`, and put into the arguments.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};

use super::file;
use super::options::{Choice, From, Options, takes_any};

/// Which file, and which profile in it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Profile")]
pub struct ProfileArgs {
    /// The profile in tablefeed.toml that gives options
    #[arg(long, value_name = "NAME", global = true, env = "TABLEFEED_PROFILE", hide_env_values = true)]
    profile: Option<String>,
    /// The file with profiles; by default tablefeed.toml, here or in the nearest directory above
    #[arg(long, value_name = "FILE", global = true, env = "TABLEFEED_CONFIG", hide_env_values = true)]
    config_file: Option<PathBuf>,
}

/// What became of a command line.
#[derive(Debug, Default)]
pub struct Chosen {
    pub file: Option<PathBuf>,
    pub profile: Option<String>,
    /// Every profile of the file.
    pub profiles: Vec<String>,
    pub choices: Vec<Choice>,
}

/// Puts what the profile gives behind the command's name. A command line that cannot be read stays as it is: the parser says why.
pub fn choose(command: &Command, arguments: &mut Vec<OsString>) -> anyhow::Result<Chosen> {
    let mut command = command.clone().ignore_errors(true);
    let Ok(matches) = command.try_get_matches_from_mut(&*arguments) else { return Ok(Chosen::default()) };
    let (mut command, mut matches, mut depth) = (&command, &matches, 0);
    while let Some((name, below)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { break };
        (command, matches, depth) = (found, below, depth + 1);
    }
    let Some(at) = behind_names(arguments, depth) else { return Ok(Chosen::default()) };
    let (profile, file) = asked(matches)?;
    if profile.is_none() && file.is_none() && !takes_any(command) {
        return Ok(Chosen::default());
    }
    let given = file::read(file.as_deref(), profile.as_deref())?;
    let environment = |name: &str| env::var(name).ok();
    let choices = Options { command, matches, given: &given, environment: &environment }.choices();
    arguments.splice(at..at, choices.iter().filter_map(typed));
    Ok(Chosen { file: given.file, profile, profiles: given.profiles, choices })
}

/// The profile and the file, unless they are empty.
fn asked(matches: &ArgMatches) -> anyhow::Result<(Option<String>, Option<PathBuf>)> {
    let ProfileArgs { profile, config_file } = ProfileArgs::from_arg_matches(matches)?;
    Ok((profile.filter(|name| !name.is_empty()), config_file.filter(|path| !path.as_os_str().is_empty())))
}

/// The place behind the command's `depth` names. Only the options above can stand between them.
fn behind_names(arguments: &[OsString], mut depth: usize) -> Option<usize> {
    let mut at = 1;
    while depth > 0 {
        let argument = arguments.get(at)?.to_str()?;
        match argument {
            "--profile" | "--config-file" => at += 1,
            _ if argument.starts_with('-') => {}
            _ => depth -= 1,
        }
        at += 1;
    }
    Some(at).filter(|at| *at > 1)
}

/// What would be typed for a value of the file.
fn typed(choice: &Choice) -> Option<OsString> {
    let Choice { option, value, from: From::Table(_) } = choice else { return None };
    Some(match *option {
        "function" => value.into(),
        "aws" => "--aws".into(),
        _ => format!("--{option}={value}").into(),
    })
}

impl Chosen {
    /// What the file changed, for the person: nothing that is done elsewhere than usual is done in silence.
    pub fn note(&self) -> Option<String> {
        let shown = |choice: &Choice| {
            let typed = typed(choice)?.into_string().ok()?;
            // A mapping can be long, and it is the place that matters.
            Some(if choice.option == "set" { typed.split('=').take(2).collect::<Vec<_>>().join(" ") } else { typed.replacen('=', " ", 1) })
        };
        let added: Vec<String> = self.choices.iter().filter_map(shown).collect();
        let file = self.file.as_ref().filter(|_| !added.is_empty())?.display();
        let profile = self.profile.as_ref().map(|name| format!(", profile {name}")).unwrap_or_default();
        Some(format!("{file}{profile}: {}", added.join(" ")))
    }
}
