//! Who gives what: the command line, the environment, or the profile. Pure.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::file::Given;
use super::{OPTIONS, SET};

/// Commands that take settings of the function. `relay` has other settings, and `item update` another `--set`.
const TAKE_SETTINGS: [&str; 8] = ["invoke", "run", "map", "redrive", "status", "doctor", "ingest", "config"];
/// The one whose settings come from the environment, too.
const READS_ENVIRONMENT: &str = "ingest";

/// A value, and who gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The option's name; `set` for a setting.
    pub option: &'static str,
    /// The option's value; of a setting NAME=VALUE.
    pub value: String,
    pub from: From,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    CommandLine,
    /// A variable that the AWS SDK reads itself.
    Environment(&'static str),
    /// A table of the file.
    Table(String),
}

/// A command, what was typed for it, and what it is given.
pub struct Options<'o> {
    pub command: &'o Command,
    pub matches: &'o ArgMatches,
    pub given: &'o Given,
    pub environment: &'o dyn Fn(&str) -> Option<String>,
}

impl Options<'_> {
    /// Each option of the command that somebody gives. A value of the profile stands back behind one that is typed, or in the environment, and where it
    /// cannot stand beside another.
    pub fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for option in OPTIONS {
            let choice = self.choice(option).filter(|choice| choice.from == From::CommandLine || self.applies(option, &choices));
            choices.extend(choice);
        }
        self.settings(&mut choices);
        choices
    }

    fn choice(&self, option: &'static str) -> Option<Choice> {
        if let Some(value) = self.typed(option) {
            return Some(Choice { option, value, from: From::CommandLine });
        }
        let variables: &[&str] = match option {
            "region" => &["AWS_REGION", "AWS_DEFAULT_REGION"],
            "aws-profile" => &["AWS_PROFILE"],
            _ => &[],
        };
        let set = |name: &'static str| Some((name, (self.environment)(name).filter(|value| !value.is_empty())?));
        if let Some((name, value)) = variables.iter().find_map(|name| set(name)) {
            return Some(Choice { option, value, from: From::Environment(name) });
        }
        let said = self.given.options.get(option)?;
        Some(Choice { option, value: said.value.clone(), from: From::Table(said.table.clone()) })
    }

    /// Whether an option that is not typed means something to the command, beside what was chosen before.
    fn applies(&self, option: &str, choices: &[Choice]) -> bool {
        let is_elsewhere = choices.iter().any(|choice| ["aws", "endpoint-url"].contains(&choice.option));
        let needs_elsewhere = ["region", "aws-profile", "function"].contains(&option);
        (is_elsewhere || !needs_elsewhere) && self.arg(option).is_some_and(|arg| self.fits(arg, choices))
    }

    fn settings(&self, choices: &mut Vec<Choice>) {
        let Some(arg) = self.arg(SET).filter(|_| TAKE_SETTINGS.contains(&self.command.get_name())) else { return };
        if !self.fits(arg, choices) {
            return;
        }
        let typed: Vec<String> =
            self.matches.get_raw(arg.get_id().as_str()).into_iter().flatten().map(|set| set.to_string_lossy().into()).collect();
        let is_typed = |name: &str| typed.iter().any(|set| set.split_once('=').is_some_and(|(known, _)| known == name));
        let in_environment = |name: &str| self.command.get_name() == READS_ENVIRONMENT && (self.environment)(name).is_some();
        for (name, said) in self.given.settings.iter().filter(|(name, _)| !is_typed(name) && !in_environment(name)) {
            choices.push(Choice { option: SET, value: format!("{name}={}", said.value), from: From::Table(said.table.clone()) });
        }
        choices.extend(typed.into_iter().map(|value| Choice { option: SET, value, from: From::CommandLine }));
    }

    fn arg(&self, option: &str) -> Option<&Arg> {
        argument(self.command, option)
    }

    fn typed(&self, option: &str) -> Option<String> {
        let id = self.arg(option)?.get_id().as_str();
        let typed = self.matches.value_source(id) == Some(ValueSource::CommandLine);
        self.matches.get_raw(id).filter(|_| typed)?.next_back().map(|value| value.to_string_lossy().into())
    }

    /// Whether the command allows `arg` beside all that was typed or chosen.
    fn fits(&self, arg: &Arg, choices: &[Choice]) -> bool {
        let present = |other: &Arg| {
            let typed = self.matches.value_source(other.get_id().as_str()) == Some(ValueSource::CommandLine);
            typed || choices.iter().any(|choice| self.arg(choice.option).is_some_and(|chosen| chosen.get_id() == other.get_id()))
        };
        let excludes = |one: &Arg, other: &Arg| self.command.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id());
        self.command.get_arguments().filter(|other| present(other)).all(|other| !excludes(arg, other) && !excludes(other, arg))
    }
}

/// Whether a profile can give this command anything.
pub fn takes_any(command: &Command) -> bool {
    OPTIONS.iter().chain([&SET]).any(|option| argument(command, option).is_some())
}

/// The command's argument of this name.
fn argument<'c>(command: &'c Command, option: &str) -> Option<&'c Arg> {
    let is_function = |arg: &Arg| option == "function" && arg.is_positional() && arg.get_id() == option;
    command.get_arguments().find(|arg| arg.get_long() == Some(option) || is_function(arg))
}
