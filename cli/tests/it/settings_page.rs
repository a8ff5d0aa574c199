//! docs/settings.md: its tables are the code's own lists of settings. `make docs` writes them anew.

use tablefeed::settings::{SETTINGS, Setting};
use tablefeed_ingest::INGEST_SETTINGS;
use tablefeed_relay::RELAY_SETTINGS;
use tablefeed_relay::function::FUNCTION_SETTINGS;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");

fn row(setting: &Setting) -> String {
    let aliases: Vec<String> = setting.aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" Older names: {}.", aliases.join(", ")) };
    format!("| `{}` | {} | {}{aliases} |\n", setting.name, setting.default, setting.meaning)
}

/// The page with the table of `list` between its two marks.
fn with_table(page: &str, list: &str, settings: &[Setting]) -> String {
    let (begin, end) = (format!("<!-- table: {list} -->\n"), "<!-- end of table -->");
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let rows: String = settings.iter().map(row).collect();
    format!("{before}{begin}| name | default | meaning |\n|---|---|---|\n{rows}{end}{after}")
}

#[test]
fn the_pages_tables_are_the_codes() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let lists = [("persist", SETTINGS), ("ingest", INGEST_SETTINGS), ("relay", RELAY_SETTINGS), ("the function relay", FUNCTION_SETTINGS)];
    let made = lists.iter().fold(page.clone(), |page, (list, settings)| with_table(&page, list, settings));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, made).unwrap();
    } else {
        assert!(page == made, "docs/settings.md is stale: `make docs` writes it anew; it should be\n{made}");
    }
}
