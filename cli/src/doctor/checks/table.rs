//! The table: there, with the key and the types that the mapping writes.

use tablefeed::mapping::{KeyAttribute, Mappings};
use tablefeed::table::{Definition, key_difference};

use super::{Trouble, created_or, set_variable};
use crate::doctor::deployment::{Deployment, Seen, Unseen};

pub fn missing(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    match deployment.table() {
        Err(Unseen::Absent) => {}
        other => return other.map(|_| Vec::new()),
    }
    let settings = deployment.settings()?;
    if settings.create_table {
        return Ok(Vec::new());
    }
    let table = &settings.table.id;
    Ok(vec![Trouble {
        what: format!("there is no table {table}"),
        fix: created_or(deployment, format!("tablefeed table create FILE{} --name {table}", deployment.again)),
    }])
}

pub fn key(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let (table, settings) = (deployment.table()?, deployment.settings()?);
    let Some(live) = table.key(None) else { return Ok(Vec::new()) };
    let difference = key_difference(&table.name, &live, settings.mapping.key_schema());
    Ok(difference.into_iter().map(|what| Trouble { what, fix: set_variable(deployment, &["TABLE"], Some("ANOTHER_TABLE")) }).collect())
}

pub fn index_key(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let (table, mapping) = (deployment.table()?, &deployment.settings()?.mapping);
    let trouble = |(index, attribute): (String, KeyAttribute)| {
        let declared = declared(mapping, &attribute.name)?;
        (declared != attribute.kind.letter()).then(|| Trouble {
            what: format!(
                "the index {index} of table {} has `{}` as {}, and the mapping declares it as {declared}",
                table.name,
                attribute.name,
                attribute.kind.letter()
            ),
            fix: retyped(deployment),
        })
    };
    Ok(index_attributes(table, mapping).filter_map(trouble).collect())
}

pub fn index_undeclared(deployment: &Deployment) -> Seen<Vec<Trouble>> {
    let (table, mapping) = (deployment.table()?, &deployment.settings()?.mapping);
    let undeclared = index_attributes(table, mapping).filter(|(_, attribute)| declared(mapping, &attribute.name).is_none());
    let trouble = |(index, attribute): (String, KeyAttribute)| Trouble {
        what: format!(
            "the mapping does not declare `{}`, a key attribute of the index {index} of table {} with the type {}",
            attribute.name,
            table.name,
            attribute.kind.letter()
        ),
        fix: retyped(deployment),
    };
    Ok(undeclared.map(trouble).collect())
}

/// Key attributes of the indexes, each once, that are not the table's own key, which has a check of its own.
fn index_attributes(table: &Definition, mapping: &Mappings) -> impl Iterator<Item = (String, KeyAttribute)> {
    let own = mapping.key_schema();
    let own = [Some(&own.partition), own.sort.as_ref()].map(|part| part.map(|part| part.name.clone()));
    let mut found: Vec<(String, KeyAttribute)> = Vec::new();
    for index in table.index_names() {
        let Some(key) = table.key(Some(index)) else { continue };
        for attribute in std::iter::once(key.partition).chain(key.sort) {
            if !own.contains(&Some(attribute.name.clone())) && !found.iter().any(|(_, known)| known.name == attribute.name) {
                found.push((index.to_owned(), attribute));
            }
        }
    }
    found.into_iter()
}

fn declared(mapping: &Mappings, name: &str) -> Option<&'static str> {
    mapping.types().find(|(known, _)| *known == name).map(|(_, kind)| kind.letter())
}

/// The message has the type that the mapping is to declare.
fn retyped(deployment: &Deployment) -> String {
    set_variable(deployment, &["MAPPING"], Some("MAPPING_THAT_DECLARES_IT"))
}
