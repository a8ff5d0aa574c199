//! `tablefeed doctor`: what is wrong with a deployment, or risky.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::doctor::checks::{CHECKS, Check};
use crate::doctor::read::{self, Order};
use crate::doctor::report::Report;
use crate::exit::{BadInput, Exit};
use crate::letters::filter::duration;
use crate::output;
use crate::settings::Given;
use crate::target::{Target, TargetArgs};

const EXAMPLES: &str = "Examples:
  tablefeed doctor tablefeed-persist --aws
  tablefeed doctor tablefeed-persist --aws --mapping mapping.json --stale-after 1d --json
  tablefeed doctor --set MAPPING=document
  tablefeed doctor --list

Exit codes: 0 nothing was found, 3 errors, 5 no errors, but something could not be checked, 4 warnings alone.
docs/doctor.md lists the checks.";

/// Look a deployment over: what is wrong or risky, why it matters, and the command that mends it
///
/// Reads the function's configuration, its event source mappings, their streams, and the table, queue and parameter that its settings
/// name. Changes nothing. What may not be read is told as not checked. Without a function: what a run with the embedded AWS would use.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// The function's name or ARN
    function: Option<String>,
    /// Print each finding as one line of JSON
    #[arg(long)]
    json: bool,
    /// List the checks instead of making them
    #[arg(long, conflicts_with = "function")]
    list: bool,
    /// The file that the function's MAPPING names, as it is here
    #[arg(long, value_name = "FILE", requires = "function")]
    mapping: Option<PathBuf>,
    /// Warn of a batch id older than this, such as 2h or 3d
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    stale_after: Duration,
    /// Leave this check out; may be given many times
    #[arg(long, value_name = "CODE")]
    without: Vec<String>,
    /// A setting of a run with the embedded AWS; may be given many times
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "function")]
    set: Vec<String>,
    #[command(flatten)]
    target: TargetArgs,
}

impl Doctor {
    pub async fn run(self) -> anyhow::Result<Exit> {
        if let Some(unknown) = self.without.iter().find(|code| CHECKS.iter().all(|check| check.code != **code)) {
            let codes: Vec<&str> = CHECKS.iter().map(|check| check.code).collect();
            return Err(BadInput::error(format!("--without {unknown} is no check{}", tablefeed::mapping::suggest::hint(unknown, &codes))));
        }
        if self.list {
            output::lines(self.listed())?;
            return Ok(Exit::Done);
        }
        let mapping = self.mapping.as_ref().map(|file| read_mapping(file)).transpose()?;
        needs_function(self.function.as_deref(), &self.target)?;
        let given = Given::new(&self.set, self.target.aws)?;
        let target = Target::open(&self.target).await?;
        let order = Order { function: self.function.as_deref(), given: &given, mapping: mapping.as_deref(), stale_after: self.stale_after };
        let deployment = read::read(&target, &self.target, &order).await;
        target.close().await;
        let report = Report::of(&deployment, &self.without);
        output::lines(if self.json { report.json_lines() } else { report.lines() })?;
        Ok(report.exit())
    }

    fn listed(&self) -> Vec<String> {
        if !self.json {
            let line = |check: &Check| format!("{:22}{:9}{}", check.code, check.severity.name(), check.looks_for);
            return CHECKS.iter().map(line).collect();
        }
        let line = |check: &Check| {
            json!({"code": check.code, "severity": check.severity.name(), "looks_for": check.looks_for, "why": check.why}).to_string()
        };
        CHECKS.iter().map(line).collect()
    }
}

/// What is in the file that a function's mapping is in.
pub fn read_mapping(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).map_err(|error| BadInput::error(format!("cannot read --mapping {}: {error}", file.display())))
}

/// The cloud has many functions, and the embedded AWS has none.
pub fn needs_function(function: Option<&str>, target: &TargetArgs) -> anyhow::Result<()> {
    match function {
        None if target.aws => Err(BadInput::error("which function? Give its name, as in `tablefeed doctor NAME --aws`")),
        Some(_) if target.is_embedded() => {
            Err(BadInput::error("the embedded AWS has no functions: add --aws or --endpoint-url, or leave the name out"))
        }
        _ => Ok(()),
    }
}
