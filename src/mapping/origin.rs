//! Where a document came from, and the identity that follows from it.

use uuid::Uuid;

/// Where a document stood in its stream, and what holds for the whole invocation.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The namespace of every UUID that is derived here.
    pub namespace: Uuid,
    /// The ARN of the event source.
    pub source: &'a str,
    pub shard: &'a str,
    pub sequence: &'a str,
    /// The document's place inside its record, from 0.
    pub sub_sequence: u32,
    pub partition_key: &'a str,
    /// Epoch seconds, the digits as they came, for example `1545084650.987`.
    pub arrival: Option<&'a str>,
    /// The batch id of this invocation, if one is configured.
    pub batch: Option<&'a str>,
}

impl Origin<'_> {
    /// The document's stable identity: `UUIDv5(namespace, "source\nshard\nsequence\nsub_sequence")`. The same document has the
    /// same identity at every redelivery; this is a contract that never changes.
    pub fn identity(&self) -> Uuid {
        let name = format!("{}\n{}\n{}\n{}", self.source, self.shard, self.sequence, self.sub_sequence);
        Uuid::new_v5(&self.namespace, name.as_bytes())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::mapping) const ORIGIN: Origin<'static> = Origin {
        namespace: Uuid::from_u128(0x6f96_19ff_8b86_d011_b42d_00cf_4fc9_64ff),
        source: "arn:aws:kinesis:us-east-1:123456789012:stream/events",
        shard: "shardId-000000000006",
        sequence: "49590338271490256608559692538361571095921575989136588898",
        sub_sequence: 0,
        partition_key: "user-7",
        arrival: Some("1545084650.987"),
        batch: Some("2018-12-17"),
    };

    #[test]
    fn identity_is_the_uuid_v5_that_pythons_uuid_module_computes() {
        assert_eq!(ORIGIN.identity().to_string(), "0e6e3c90-8e91-5ce5-a782-ba637efc547e");
        assert_ne!(Origin { sub_sequence: 1, ..ORIGIN }.identity(), ORIGIN.identity());
    }
}
