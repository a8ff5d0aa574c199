//! A request's bytes: headers and body in, decompressed bytes and their form out, or the problem with them.

use std::io::{self, Read};

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::Problem;

/// The largest window that a zstd frame may ask for, as a power of two: twice the 8 MiB that RFC 8878 asks every decoder to support.
const ZSTD_WINDOW_LOG: u32 = 24;

/// What a body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One object, or an array of objects.
    Json,
    /// An object a line.
    Lines,
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

/// Reads all of a body; never more than `most` bytes, neither as they come nor decompressed.
pub async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<(Vec<u8>, Form), Problem> {
    let form = form(headers)?;
    let encoding = encoding(headers)?;
    let bytes = match Limited::new(body, most).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large(most)),
        Err(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off; send it again")),
    };
    let decoded = match encoding {
        Encoding::Plain => return Ok((bytes.into(), form)),
        Encoding::Gzip => limited(MultiGzDecoder::new(&bytes[..]), most),
        Encoding::Zstd => zstd(&bytes, most),
    };
    match decoded {
        Ok(bytes) if bytes.len() > most => Err(too_large(most)),
        Ok(bytes) => Ok((bytes, form)),
        Err(error) => Err(Problem::new(StatusCode::BAD_REQUEST, format!("the body cannot be decompressed: {error}"))),
    }
}

fn zstd(bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut frames = zstd::Decoder::with_buffer(bytes)?;
    frames.window_log_max(ZSTD_WINDOW_LOG)?;
    limited(frames, most)
}

/// One byte too many tells what would be too large.
fn limited(decoder: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    decoder.take(most as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

fn too_large(most: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a body may have {most} bytes, also when decompressed; send fewer documents at once"),
    )
}

/// A header's text in lower case; empty without it, and `?` if it is no text.
fn text(headers: &HeaderMap, name: HeaderName) -> String {
    headers.get(name).map_or(String::new(), |value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase())
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let value = text(headers, CONTENT_TYPE);
    let mut parts = value.split(';').map(str::trim);
    let form = match parts.next().unwrap_or_default() {
        "" | "application/json" => Some(Form::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Form::Lines),
        other if other.starts_with("application/") && other.ends_with("+json") => Some(Form::Json),
        _ => None,
    };
    let utf8 = parts.filter_map(|part| part.strip_prefix("charset=")).all(|charset| charset.trim_matches('"') == "utf-8");
    let unknown = || Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json, or application/x-ndjson, in UTF-8");
    form.filter(|_| utf8).ok_or_else(unknown)
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    match text(headers, CONTENT_ENCODING).as_str() {
        "" | "identity" => Ok(Encoding::Plain),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the body as it is, or with Content-Encoding gzip or zstd")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn json_and_lines_are_told_by_their_type_and_nothing_else_is_taken() {
        let of = |value| form(&headers(CONTENT_TYPE, value)).ok();
        assert_eq!(of("application/json; charset=UTF-8"), Some(Form::Json));
        assert_eq!(of("application/cloudevents+json"), Some(Form::Json));
        assert_eq!(of("Application/X-NDJSON"), Some(Form::Lines));
        assert_eq!(form(&HeaderMap::new()).ok(), Some(Form::Json));
        for other in ["text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn decompressing_stops_one_byte_past_the_limit() {
        let bomb = zstd::encode_all(&vec![b' '; 1 << 20][..], 3).unwrap();
        assert_eq!(zstd(&bomb, 1000).unwrap().len(), 1001);
    }
}
