//! Subscriptions as Prometheus' text, version 0.0.4. Pure.

use std::fmt::Write as _;

use crate::state::{Status, View};

const STATUSES: [(Status, &str); 6] = [
    (Status::Created, "CREATED"),
    (Status::Running, "RUNNING"),
    (Status::Paused, "PAUSED"),
    (Status::Closed, "CLOSED"),
    (Status::Removed, "REMOVED"),
    (Status::Error, "ERROR"),
];

/// What is told of a view: a name, its kind, its meaning, and the value, if there is one.
type Family = (&'static str, &'static str, &'static str, fn(&View) -> Option<String>);

const FAMILIES: [Family; 10] = [
    ("read_total", "counter", "Records read", |view| Some(view.counts.read.to_string())),
    ("delivered_total", "counter", "Records that the URL took", |view| Some(view.counts.delivered.to_string())),
    ("filtered_total", "counter", "Records left out by where or events", |view| Some(view.counts.filtered.to_string())),
    ("retried_total", "counter", "POSTs that were sent again", |view| Some(view.counts.retried.to_string())),
    ("letters_total", "counter", "Records that became letters", |view| Some(view.counts.letters.to_string())),
    ("gaps_total", "counter", "Stretches that were trimmed before they were read", |view| {
        Some((view.gaps.len() as u64 + view.gaps_forgotten).to_string())
    }),
    ("lag_seconds", "gauge", "Age of the oldest record that is not acknowledged", |view| Some(seconds(view.lag_ms))),
    ("lag_records", "gauge", "Records that are read and not acknowledged", |view| Some(view.lag_records.to_string())),
    ("time_to_trim_seconds", "gauge", "Until the stream trims a record that is not acknowledged", |view| view.time_to_trim_ms.map(seconds)),
    ("attempts", "gauge", "Tries in vain since the last success", |view| Some(view.attempts.to_string())),
];

/// Every family, with a line for each subscription that has a value; removed ones are left out.
pub(super) fn text(views: &[View]) -> String {
    let views: Vec<_> = views.iter().filter(|view| view.status != Status::Removed).collect();
    let mut text = String::new();
    for (name, kind, help, value) in FAMILIES {
        head(&mut text, name, kind, help);
        for view in &views {
            if let Some(value) = value(view) {
                line(&mut text, name, &labels(view), &value);
            }
        }
    }
    head(&mut text, "status", "gauge", "1 for the status that a subscription has");
    for view in &views {
        for (status, word) in STATUSES {
            let labels = format!("{},status=\"{word}\"", labels(view));
            line(&mut text, "status", &labels, if view.status == status { "1" } else { "0" });
        }
    }
    text
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    writeln!(text, "# HELP tablefeed_relay_{name} {help}\n# TYPE tablefeed_relay_{name} {kind}").unwrap_or_default();
}

fn line(text: &mut String, name: &str, labels: &str, value: &str) {
    writeln!(text, "tablefeed_relay_{name}{{{labels}}} {value}").unwrap_or_default();
}

/// Never the URL, which may hold a secret.
fn labels(view: &View) -> String {
    format!("subscription=\"{}\",table=\"{}\"", escaped(&view.id), escaped(&view.table_name))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Milliseconds as seconds, with every digit.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Counts;

    fn view(status: Status) -> View {
        View {
            id: "01J".to_owned(),
            table_name: "a\"b\\c\nd".to_owned(),
            url: "http://127.0.0.1/?token=hush".to_owned(),
            status,
            error: Some("hush".to_owned()),
            origin: "http",
            created: 0,
            lag_ms: 1007,
            lag_records: 2,
            time_to_trim_ms: None,
            last_sequence: None,
            attempts: 3,
            last_error: None,
            counts: Counts { read: 9, ..Counts::default() },
            gaps: Vec::new(),
            gaps_forgotten: 0,
        }
    }

    #[test]
    fn every_subscription_has_its_lines_and_no_url_is_shown() {
        let text = text(&[view(Status::Error)]);
        let labels = r#"subscription="01J",table="a\"b\\c\nd""#;
        for wanted in [
            format!("tablefeed_relay_read_total{{{labels}}} 9"),
            format!("tablefeed_relay_lag_seconds{{{labels}}} 1.007"),
            format!("tablefeed_relay_status{{{labels},status=\"ERROR\"}} 1"),
            format!("tablefeed_relay_status{{{labels},status=\"RUNNING\"}} 0"),
        ] {
            assert!(text.lines().any(|line| line == wanted), "{wanted}: {text}");
        }
        assert!(!text.contains("hush") && !text.contains("time_to_trim_seconds{"), "{text}");
    }

    #[test]
    fn what_is_removed_is_told_no_more() {
        assert!(!text(&[view(Status::Removed)]).contains("subscription="));
    }
}
