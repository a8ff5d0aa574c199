//! Records on their way: how many fit into a body, the body, and its id. Pure.

use hyper::body::Bytes;
use uuid::Uuid;

const BEGIN: &str = "{\"Records\":[";
const END: &str = "]}";

/// One record, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub sequence: String,
    /// A JSON object.
    pub text: String,
}

/// How many of the first parcels make a body: at most `count`, and at most `bytes`; but one at least, if there is any.
pub fn fitting(parcels: &[Parcel], count: usize, bytes: usize) -> usize {
    let mut size = BEGIN.len() + END.len();
    let fits = |(index, parcel): &(usize, &Parcel)| {
        size += parcel.text.len() + usize::from(*index > 0);
        *index == 0 || size <= bytes
    };
    parcels.iter().take(count).enumerate().take_while(fits).count()
}

/// The body that carries these, in the shape of a Lambda event.
pub fn body(parcels: &[Parcel]) -> Bytes {
    let size = BEGIN.len() + END.len() + parcels.iter().map(|parcel| parcel.text.len() + 1).sum::<usize>();
    let mut body = String::with_capacity(size);
    body.push_str(BEGIN);
    for (index, parcel) in parcels.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(&parcel.text);
    }
    body.push_str(END);
    body.into()
}

/// The same for the same records of a subscription, however often they are sent.
pub fn id(subscription: &str, shard: &str, parcels: &[Parcel]) -> Uuid {
    let sequence = |parcel: Option<&Parcel>| parcel.map_or("", |parcel| parcel.sequence.as_str()).to_owned();
    let name = [subscription, shard, &sequence(parcels.first()), &sequence(parcels.last())].join("\n");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcels() -> Vec<Parcel> {
        ["1", "22", "333"].map(|text| Parcel { sequence: text.to_owned(), text: text.to_owned() }).into()
    }

    #[test]
    fn a_body_has_the_shape_of_an_event() {
        assert_eq!(body(&parcels()), r#"{"Records":[1,22,333]}"#);
    }

    #[test]
    fn a_body_ends_at_its_count_or_at_its_bytes() {
        let (parcels, size) = (parcels(), body(&parcels()).len());
        assert_eq!(fitting(&parcels, 10, size), 3);
        assert_eq!(fitting(&parcels, 10, size - 1), 2);
        assert_eq!((fitting(&parcels, 2, size), fitting(&parcels, 10, 1), fitting(&[], 10, 10)), (2, 1, 0));
    }

    #[test]
    fn the_id_is_of_subscription_shard_and_records() {
        let parcels = parcels();
        let first = id("s", "a", &parcels);
        assert_eq!(first, id("s", "a", &parcels.clone()));
        for other in [id("t", "a", &parcels), id("s", "b", &parcels), id("s", "a", &parcels[1..]), id("s", "a", &parcels[..2])] {
            assert_ne!(first, other);
        }
    }
}
