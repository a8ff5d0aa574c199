//! A file with a table's definition, and the words FILE|NAME of an argument.
//!
//! In: an argument. Out: a [`Definition`] or a table's name; what is wrong with a file is told with its path.

use std::path::Path;

use tablefeed::table::Definition;

use crate::exit::BadInput;
use crate::output;

const YAML: &[&str] = &["yaml", "yml"];

/// Reads a definition, JSON or YAML by the file's name, and tells what it asks for that is not done here.
pub fn read(path: &str, name: Option<&str>) -> anyhow::Result<Definition> {
    let bad = |what: &dyn std::fmt::Display| BadInput::error(format!("{path}: {what}"));
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
    let definition = if has_extension(path, YAML) {
        let value = serde_yaml_ng::from_str(&text)
            .map_err(|error| bad(&format!("not a definition in YAML; a function such as !Ref only CloudFormation can resolve: {error}")))?;
        Definition::of_value(value, name)
    } else {
        Definition::parse(&text, name)
    };
    let definition = definition.map_err(|error| match error.pointer.as_str() {
        "/TableName" | "/Properties/TableName" if name.is_none() => bad(&format!("{error}; or give a name by --name")),
        _ => bad(&error),
    })?;
    for left_out in &definition.left_out {
        output::note(&format!("note: {path}: {left_out} is left as it is; only CloudFormation sets it"));
    }
    Ok(definition)
}

/// The name of the table that FILE|NAME means.
pub fn table_name(argument: &str) -> anyhow::Result<String> {
    if is_file(argument) { Ok(read(argument, None)?.name) } else { Ok(argument.to_owned()) }
}

/// Whether the argument names a file: by its ending, or by a slash, which no table's name has.
fn is_file(argument: &str) -> bool {
    argument.contains(['/', '\\']) || has_extension(argument, &["json"]) || has_extension(argument, YAML)
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}
