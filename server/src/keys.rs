//! Who may send: the keys, and the header that must carry one of them.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use subtle::{Choice, ConstantTimeEq};

/// Keys that open the door; none leaves it open.
#[derive(Default)]
pub struct Keys(Vec<String>);

/// Never shows a key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

impl Keys {
    pub fn new(keys: Vec<String>) -> Keys {
        Keys(keys)
    }

    /// Whether there is a key at all.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a request carries one of them. Takes as long whatever is wrong with it, but for its length.
    pub fn open(&self, headers: &HeaderMap) -> bool {
        if !self.any() {
            return true;
        }
        let header = headers.get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        let Some((scheme, key)) = header.split_at_checked("Bearer ".len()) else { return false };
        let same = self.0.iter().fold(Choice::from(0), |found, known| found | known.as_bytes().ct_eq(key));
        scheme.eq_ignore_ascii_case(b"Bearer ") && same.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn one_of_the_keys_opens_and_nothing_else_does() {
        let keys = Keys::new(vec!["first-key-of-two".to_owned(), "second-key-of-two".to_owned()]);
        let open = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            keys.open(&headers)
        };
        assert!(open("Bearer first-key-of-two") && open("bearer second-key-of-two"));
        for wrong in ["Bearer first-key-of-tw", "Bearer first-key-of-twoo", "Basic first-key-of-two", "first-key-of-two", "Bearer ", ""] {
            assert!(!open(wrong), "{wrong}");
        }
        assert!(!keys.open(&HeaderMap::new()) && Keys::default().open(&HeaderMap::new()));
    }
}
