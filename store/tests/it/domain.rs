//! The example of a key-value store.

use crate::domain_example::{self as example, get_domain, set_value};
use crate::embedded;

const VIDEO: &str = "https://video.example/watch?v=1";
const ARTICLE: &str = "https://news.example/article";
const OTHER: &str = "https://shop.example/";

#[tokio::test]
async fn values_are_got_by_key_exist_and_are_removed() {
    let (_aws, client) = embedded().await;
    let table = example::open(&client).await.unwrap();
    for (url, domain) in [(VIDEO, "video.example"), (ARTICLE, "news.example"), ("https://gone.example/", "gone.example")] {
        set_value(&table, url, domain).await.unwrap();
    }
    assert_eq!(get_domain(&table, VIDEO).await.unwrap().as_deref(), Some("video.example"));
    assert_eq!(get_domain(&table, ARTICLE).await.unwrap().as_deref(), Some("news.example"));
    assert!(table.exists(VIDEO).await.unwrap() && table.exists(ARTICLE).await.unwrap() && !table.exists(OTHER).await.unwrap());
    assert_eq!(get_domain(&table, OTHER).await.unwrap(), None);

    assert!(table.remove("https://gone.example/").await.unwrap());
    assert!(!table.remove("https://gone.example/").await.unwrap(), "it was gone already");
    let mut left: Vec<String> = table.scan().all().await.unwrap().into_iter().map(|found| found.url).collect();
    left.sort();
    assert_eq!(left, [ARTICLE, VIDEO]);
}

#[tokio::test]
async fn a_value_is_replaced_unless_it_must_be_absent() {
    let (_aws, client) = embedded().await;
    let table = example::open(&client).await.unwrap();
    let value = |domain: &str| example::Domain { url: VIDEO.to_owned(), domain: domain.to_owned() };
    assert!(table.put_if_absent(&value("first")).await.unwrap());
    assert!(!table.put_if_absent(&value("second")).await.unwrap());
    assert_eq!(get_domain(&table, VIDEO).await.unwrap().as_deref(), Some("first"));
    set_value(&table, VIDEO, "third").await.unwrap();
    assert_eq!(get_domain(&table, VIDEO).await.unwrap().as_deref(), Some("third"));
    example::open(&client).await.unwrap();
    assert!(table.exists(VIDEO).await.unwrap(), "opening it again changes nothing");
}

#[test]
fn the_example_runs_as_it_stands() {
    example::main().unwrap();
}
