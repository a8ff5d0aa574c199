//! Many items, page by page to the last one, as query and scan print them.
//!
//! In: a paginated answer. Out: lines. With `--json` each page is printed as it comes; as a table all items must be there first.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use clap::Args;

use crate::attribute::Item;
use crate::condition::{Condition, Terms};
use crate::item_table;
use crate::output;
use crate::resources::failed;
use crate::typed::Form;

/// What query and scan have in common.
#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    /// Read this index
    #[arg(long, value_name = "NAME")]
    pub index: Option<String>,
    /// Only items with this attribute, as text, number or boolean: =, <, <=, >, >=, ' begins_with ', ' between … and …'; of several all must hold
    #[arg(long = "where", value_name = "CONDITION", value_parser = Condition::parse)]
    conditions: Vec<Condition>,
    /// This many items at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print each item as one line of JSON
    #[arg(long)]
    json: bool,
    /// Print each item as one line of DynamoDB's typed JSON
    #[arg(long)]
    typed: bool,
}

impl ReadArgs {
    /// The filter's expression, if there is any.
    pub fn filter(&self, terms: &mut Terms) -> Option<String> {
        let filters: Vec<String> = self.conditions.iter().map(|condition| terms.filter(condition)).collect();
        (!filters.is_empty()).then(|| filters.join(" AND "))
    }

    /// Prints the items of all pages. A page may be empty though others follow.
    pub async fn print(
        &self,
        key: &[String],
        mut next: impl AsyncFnMut() -> Option<anyhow::Result<Option<Vec<Item>>>>,
    ) -> anyhow::Result<()> {
        let (lines, form) = (self.json || self.typed, Form::of(self.typed));
        let (mut left, mut kept) = (self.limit.unwrap_or(usize::MAX), Vec::new());
        while left > 0 {
            let Some(page) = next().await else { break };
            let mut items = page?.unwrap_or_default();
            items.truncate(left);
            left -= items.len();
            if lines {
                output::lines(items.iter().map(|item| form.write(item, key).to_string()))?;
            } else {
                kept.append(&mut items);
            }
        }
        if !lines {
            output::lines(item_table::lines(&kept, key))?;
            output::line(&format!("{} item{}", kept.len(), if kept.len() == 1 { "" } else { "s" }))?;
        }
        Ok(())
    }
}

/// Why a page could not be read.
pub(super) fn unread<E: ProvideErrorMetadata + std::error::Error + 'static>(
    table: &str,
    error: &SdkError<E, HttpResponse>,
) -> anyhow::Error {
    failed(format!("the items of {table} cannot be read"), error)
}
