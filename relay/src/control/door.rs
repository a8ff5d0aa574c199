//! Who may come in: pages of other sites may not, nor may names that lead here by DNS alone, nor may those without a key.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Control, page};
use crate::control::trouble::Trouble;

const FOREIGN_ORIGIN: &str = "Forbidden: the request comes from a page of another site";
const FOREIGN_HOST: &str = "Forbidden: without API_KEYS the Host must be localhost or an IP address";

/// For every route.
pub(super) async fn house(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(request.method(), request.headers(), control.keys.any()) {
        Some(why) => Trouble::Foreign(why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// For what is not told to everybody. The page holds nothing, so it needs no key; what it asks for does.
pub(super) async fn key(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response {
    let is_page = request.uri().path() == "/" && page::is_wanted(request.method(), request.headers());
    if is_page || control.keys.open(request.headers()) {
        return next.run(request).await;
    }
    Trouble::NoKey.into_response()
}

/// Why a request is refused before anything is looked at.
fn refusal(method: &Method, headers: &HeaderMap, has_keys: bool) -> Option<&'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST);
    if !has_keys && host.is_some_and(|host| !is_address(host)) {
        return Some(FOREIGN_HOST);
    }
    let changes = !(method.is_safe());
    let foreign = text(ORIGIN).is_some_and(|origin| host.is_none_or(|host| !is_of(origin, host)));
    (changes && foreign).then_some(FOREIGN_ORIGIN)
}

/// Whether a page of this origin was served under this host.
fn is_of(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Whether it cannot be another's name that was made to lead here.
fn is_address(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || literal.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &Method, set: &[(&'static str, &str)], has_keys: bool) -> Option<&'static str> {
        let headers: HeaderMap =
            set.iter().map(|(name, value)| (name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap())).collect();
        refusal(method, &headers, has_keys)
    }

    #[test]
    fn a_page_of_another_site_changes_nothing() {
        let host = ("host", "127.0.0.1:3000");
        assert_eq!(of(&Method::POST, &[host, ("origin", "http://127.0.0.1:3000")], false), None);
        for origin in ["http://127.0.0.1:3001", "https://evil.example", "null", ""] {
            assert_eq!(of(&Method::DELETE, &[host, ("origin", origin)], false), Some(FOREIGN_ORIGIN), "{origin}");
            assert_eq!(of(&Method::POST, &[host, ("origin", origin)], true), Some(FOREIGN_ORIGIN), "{origin}");
            assert_eq!(of(&Method::GET, &[host, ("origin", origin)], false), None, "{origin}");
        }
        assert_eq!(of(&Method::POST, &[host], false), None);
    }

    #[test]
    fn without_keys_a_name_that_may_lead_anywhere_is_refused() {
        for host in ["127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "192.168.0.7"] {
            assert_eq!(of(&Method::GET, &[("host", host)], false), None, "{host}");
        }
        for host in ["evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example", "", "user@evil.example"] {
            assert_eq!(of(&Method::GET, &[("host", host)], false), Some(FOREIGN_HOST), "{host}");
            assert_eq!(of(&Method::GET, &[("host", host)], true), None, "{host}");
        }
    }
}
