//! What all checks came to: as text, as JSON, as an exit code. Pure.

use serde_json::json;

use super::checks::{CHECKS, Check, Severity, Trouble, Verdict};
use super::deployment::Deployment;
use crate::exit::Exit;
use crate::summary::counted;

/// A check, and what it came to.
type Finding = (&'static Check, Verdict);

/// Every check and its verdict, in the order of the table.
#[derive(Debug)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Judges a deployment, apart from the checks that are not wanted.
    pub fn of(deployment: &Deployment, without: &[String]) -> Report {
        let wanted = CHECKS.iter().filter(|check| !without.iter().any(|code| code == check.code));
        Report(wanted.map(|check| (check, check.of(deployment))).collect())
    }

    fn troubles(&self) -> impl Iterator<Item = (&'static Check, &Trouble)> {
        self.0.iter().flat_map(|(check, verdict)| match verdict {
            Verdict::Looked(troubles) => troubles.iter().map(|trouble| (*check, trouble)).collect(),
            _ => Vec::new(),
        })
    }

    fn count(&self, severity: Severity) -> u64 {
        self.troubles().filter(|(check, _)| check.severity == severity).count() as u64
    }

    /// Checks that could not be made, by why.
    fn not_made(&self) -> Vec<(&str, Vec<&'static str>)> {
        let mut reasons: Vec<(&str, Vec<&'static str>)> = Vec::new();
        for (check, verdict) in &self.0 {
            let Verdict::CouldNot(why) = verdict else { continue };
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, codes)) => codes.push(check.code),
                None => reasons.push((why, vec![check.code])),
            }
        }
        reasons
    }

    /// Errors first, then what could not be checked: worse than a warning, as nobody knows.
    pub fn exit(&self) -> Exit {
        if self.count(Severity::Error) > 0 {
            Exit::Unfinished
        } else if !self.not_made().is_empty() {
            Exit::Unchecked
        } else if self.count(Severity::Warning) > 0 {
            Exit::Warned
        } else {
            Exit::Done
        }
    }

    /// One object a finding, and one for each check that could not be made.
    pub fn json_lines(&self) -> Vec<String> {
        let of_check = |(check, verdict): &Finding| -> Vec<String> {
            let Check { code, severity, why, .. } = check;
            match verdict {
                Verdict::Looked(troubles) => troubles
                    .iter()
                    .map(|Trouble { what, fix }| json!({"code": code, "severity": severity.name(), "what": what, "why": why, "fix": fix}))
                    .map(|line| line.to_string())
                    .collect(),
                Verdict::CouldNot(because) => vec![json!({"code": code, "severity": "could not check", "what": because}).to_string()],
                Verdict::NothingToLookAt => Vec::new(),
            }
        };
        self.0.iter().flat_map(of_check).collect()
    }

    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for severity in [Severity::Error, Severity::Warning] {
            for (check, Trouble { what, fix }) in self.troubles().filter(|(check, _)| check.severity == severity) {
                lines.push(format!("{} {}: {what}", severity.name(), check.code));
                lines.push(format!("  why: {}", check.why));
                lines.push(format!("  fix: {fix}"));
            }
        }
        for (why, codes) in self.not_made() {
            lines.push(format!("could not check {}: {why}", codes.join(", ")));
        }
        lines.push(self.total());
        lines
    }

    fn total(&self) -> String {
        let sound = self.0.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Looked(troubles) if troubles.is_empty())).count();
        let left = self.0.iter().filter(|(_, verdict)| matches!(verdict, Verdict::NothingToLookAt)).count();
        let not_made: usize = self.not_made().iter().map(|(_, codes)| codes.len()).sum();
        let mut parts = vec![counted(self.count(Severity::Error), "error"), counted(self.count(Severity::Warning), "warning")];
        if not_made > 0 {
            parts.push(format!("{} could not be made", counted(not_made as u64, "check")));
        }
        parts.push(format!("{} found nothing", counted(sound as u64, "check")));
        if left > 0 {
            parts.push(format!("{} had nothing to look at", counted(left as u64, "check")));
        }
        parts.join(", ")
    }
}
