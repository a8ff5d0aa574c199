//! The page for a browser: one file, sent as it stands. It loads nothing, and its one script and one style are allowed by their hashes.

use std::sync::LazyLock;

use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_FRAME_OPTIONS};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("page.html");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |element: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inside(element).as_bytes())));
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    )
});

/// What stands in the page's one element of this name.
fn inside(element: &str) -> &'static str {
    let after = PAGE.split_once(&format!("<{element}>")).map_or("", |(_, after)| after);
    after.split_once(&format!("</{element}>")).map_or("", |(inside, _)| inside)
}

/// Whether a browser asks: HTML is named, and JSON is not named before it.
pub(super) fn is_wanted(method: &Method, headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut types = accepted.filter_map(|part| {
        let (media, parameters) = part.split_once(';').unwrap_or((part, ""));
        let refused = parameters.split(';').any(|parameter| matches!(parameter.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        (!refused).then(|| media.trim().to_ascii_lowercase())
    });
    let first = types.find(|media| media == "text/html" || media == "application/json");
    method.is_safe() && first.as_deref() == Some("text/html")
}

pub(super) fn page() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
        (VARY, "Accept"),
    ];
    (headers, PAGE).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_page_and_programs_get_json() {
        let wanted = |accept: &str| is_wanted(&Method::GET, &HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]));
        assert!(wanted("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8") && wanted("Text/HTML"));
        for other in ["*/*", "application/json", "application/json, text/html", "text/html;q=0, */*", "text/plain"] {
            assert!(!wanted(other), "{other}");
        }
        assert!(!is_wanted(&Method::GET, &HeaderMap::new()));
    }

    #[test]
    fn it_holds_one_script_one_style_and_nothing_from_elsewhere() {
        for element in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{element}")).count(), 1, "{element}");
            assert!(!inside(element).is_empty());
        }
        for never in ["src=", "href=", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "style=", "onclick", "eval("] {
            assert!(!PAGE.contains(never), "{never}");
        }
        assert!(POLICY.starts_with("default-src 'none'; script-src 'sha256-") && !POLICY.contains("unsafe"));
    }
}
