//! What there is to know of a table, as words that can be compared: of a file and of a live table alike.
//!
//! In: a definition. Out: [`facts`], or the [`Difference`]s of two. Pure. Which KMS key encrypts a table is not compared: files name keys by
//! alias, tables by ARN; a warm throughput neither, for it grows by itself.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::definition::{Definition, GLOBAL, LOCAL, list};

/// One thing that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs, for example `index Status: key`.
    pub what: String,
    pub file: String,
    pub table: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the file says {}, the table has {}", self.what, self.file, self.table)
    }
}

impl Difference {
    pub(super) fn is_tag(&self) -> bool {
        self.what.starts_with(TAG)
    }
}

const NONE: &str = "none";
const TIME_TO_LIVE: &str = "time to live";
const TAG: &str = "tag ";

/// What is not as the file says. Tags are compared if the file has any; those that AWS sets itself never.
pub fn differences(file: &Definition, table: &Definition) -> Vec<Difference> {
    let (file, table) = (facts(file), facts(table));
    let tagged = file.keys().any(|what| what.starts_with(TAG));
    let all: std::collections::BTreeSet<&String> = file.keys().chain(table.keys()).collect();
    let compared = all.into_iter().filter(|what| !what.starts_with(TAG) || (tagged && !what.starts_with("tag aws:")));
    let value = |facts: &BTreeMap<String, String>, what: &String| facts.get(what).cloned().unwrap_or_else(|| NONE.to_owned());
    compared
        .map(|what| Difference { what: what.clone(), file: value(&file, what), table: value(&table, what) })
        .filter(|difference| difference.file != difference.table)
        .collect()
}

/// Whether nothing differs but that the table has no time to live yet, though the file wants one.
pub(super) fn lacks_time_to_live(differences: &[Difference]) -> bool {
    matches!(differences, [only] if only.what == TIME_TO_LIVE && only.table == NONE)
}

/// Everything there is to know, by name. What is absent stands for `none`.
pub fn facts(definition: &Definition) -> BTreeMap<String, String> {
    let input = &definition.input;
    let mut facts = BTreeMap::from([("key".to_owned(), key(definition, &input["KeySchema"]))]);
    let mut put = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.insert(what.to_owned(), value);
        }
    };
    let on_demand = input["BillingMode"] == "PAY_PER_REQUEST";
    put("billing", Some(if on_demand { "on demand".to_owned() } else { provisioned(input).unwrap_or_else(|| "provisioned".to_owned()) }));
    put("on-demand limit", limits(input));
    put("stream", input["StreamSpecification"]["StreamViewType"].as_str().map(str::to_owned));
    put("encryption", (input["SSESpecification"]["Enabled"] == true).then(|| "KMS".to_owned()));
    put(TIME_TO_LIVE, definition.time_to_live.as_ref().map(|attribute| format!("attribute {attribute}")));
    put("table class", input["TableClass"].as_str().filter(|class| *class != "STANDARD").map(str::to_owned));
    put("deletion protection", (input["DeletionProtectionEnabled"] == true).then(|| "on".to_owned()));
    for tag in list(&input["Tags"]) {
        put(&format!("{TAG}{}", tag["Key"].as_str().unwrap_or_default()), tag["Value"].as_str().map(|value| format!("{value:?}")));
    }
    for (kind, index) in definition.indexes() {
        let name = format!("index {}", index["IndexName"].as_str().unwrap_or_default());
        put(&format!("{name}: kind"), Some(if kind == GLOBAL { "global" } else { LOCAL_WORD }.to_owned()));
        put(&format!("{name}: key"), Some(key(definition, &index["KeySchema"])));
        put(&format!("{name}: projection"), Some(projection(&index["Projection"])));
        put(&format!("{name}: capacity"), provisioned(index).filter(|_| kind != LOCAL && !on_demand));
        put(&format!("{name}: on-demand limit"), limits(index));
    }
    facts
}

const LOCAL_WORD: &str = "local";

/// `status (S) + ts (N)`; the partition key of several attributes in braces.
fn key(definition: &Definition, schema: &Value) -> String {
    let part = |part: &Value| {
        let name = part["AttributeName"].as_str().unwrap_or_default();
        let kind = definition.attribute(name).map_or("?", |attribute| attribute.kind.letter());
        format!("{name} ({kind})")
    };
    let of = |role: &str| list(schema).filter(|element| element["KeyType"] == role).map(part).collect::<Vec<_>>();
    let (partition, sort) = (of("HASH"), of("RANGE"));
    let partition = if partition.len() > 1 { format!("{{{}}}", partition.join(", ")) } else { partition.concat() };
    std::iter::once(partition).chain(sort).collect::<Vec<_>>().join(" + ")
}

fn projection(projection: &Value) -> String {
    let mut names: Vec<&str> = list(&projection["NonKeyAttributes"]).filter_map(Value::as_str).collect();
    names.sort_unstable();
    let kind = projection["ProjectionType"].as_str().unwrap_or("ALL");
    if names.is_empty() { kind.to_owned() } else { format!("{kind} {}", names.join(", ")) }
}

fn provisioned(holder: &Value) -> Option<String> {
    let throughput = &holder["ProvisionedThroughput"];
    let units = |name: &str| throughput[name].as_u64().filter(|units| *units > 0);
    Some(format!("{} read and {} write units", units("ReadCapacityUnits")?, units("WriteCapacityUnits")?))
}

/// The most that an on-demand table may be asked for; -1 is no limit.
fn limits(holder: &Value) -> Option<String> {
    let throughput = &holder["OnDemandThroughput"];
    let units = |name: &str| throughput[name].as_u64().map_or_else(|| "any".to_owned(), |units| units.to_string());
    let (read, write) = (units("MaxReadRequestUnits"), units("MaxWriteRequestUnits"));
    (read != "any" || write != "any").then(|| format!("{read} reads and {write} writes a second"))
}
