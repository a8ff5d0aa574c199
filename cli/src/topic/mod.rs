//! A Kafka topic fed to the function: arguments, the run, and the account of it. The consumer itself is the package `tablefeed-topic`.

mod account;
mod arguments;
mod feeding;

pub use arguments::KafkaArgs;
pub use feeding::feed;
