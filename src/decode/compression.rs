//! Compressed bytes in, decompressed bytes out: gzip, zlib and zstd, each known by its first bytes, also one inside another.
//!
//! Bytes of no known kind come back as they are. So does a text that only looks compressed: a zlib stream and a skippable frame of
//! zstd begin with characters. Never makes more bytes than a [`Budget`] allows, whatever a header claims.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use crate::reason::{Reason, Rejection};

/// How many times over bytes may be compressed.
pub const MAX_LAYERS: usize = 3;

/// The largest window that a zstd frame may ask for, as a power of two: twice the 8 MiB that RFC 8878 asks every decoder to support.
const ZSTD_WINDOW_LOG: u32 = 24;

/// Bytes that are inflated at once.
const CHUNK: usize = 32 << 10;

/// What one record may still decompress to.
#[derive(Debug)]
pub struct Budget {
    left: usize,
    made: usize,
}

impl Budget {
    pub fn new(bytes: usize) -> Self {
        Budget { left: bytes, made: 0 }
    }

    /// All bytes made so far, those of inner layers and of what was then refused included.
    pub fn made(&self) -> usize {
        self.made
    }

    /// A failure takes at most half of what is left: one bomb spoils nothing beside it, and a thousand are little more work than two.
    fn spend(&mut self, bytes: usize, failed: bool) {
        self.made += bytes;
        self.left -= bytes.min(if failed { self.left / 2 } else { self.left });
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Gzip,
    Zlib,
    Zstd,
}

impl Kind {
    /// What the first bytes tell: RFC 1952; RFC 1950 with deflate, a 32 KiB window and no dictionary; RFC 8878.
    fn of(bytes: &[u8]) -> Option<Kind> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Kind::Gzip),
            [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some(Kind::Zlib),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Kind::Zstd),
            _ => None,
        }
    }

    /// Takes one layer off.
    fn decode(self, bytes: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Rejection> {
        let mut out = Vec::new();
        // One byte too many tells what would be too large.
        let most = budget.left + 1;
        let decoded = match self {
            Kind::Gzip => gzip(bytes, most, &mut out),
            Kind::Zlib => zlib(bytes, most, &mut out),
            Kind::Zstd => zstd(bytes, most, &mut out),
        };
        let failure = if out.len() >= most {
            let message = format!("{self}: more than the {} bytes left to the record; see MAX_DECOMPRESSED_BYTES", budget.left);
            Some(Rejection::new(Reason::DecompressedTooLarge, message))
        } else {
            decoded.err().map(|error| Rejection::new(Reason::BadCompression, format!("{self}: {error}")))
        };
        budget.spend(out.len(), failure.is_some());
        failure.map_or(Ok(out), Err)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Gzip => "gzip",
            Kind::Zlib => "zlib",
            Kind::Zstd => "zstd",
        })
    }
}

/// Takes off all layers, or says why it cannot.
pub fn decompress<'b>(bytes: &'b [u8], budget: &mut Budget) -> Result<Cow<'b, [u8]>, Rejection> {
    let mut bytes = Cow::Borrowed(bytes);
    let mut layers = 0;
    while let Some(kind) = Kind::of(&bytes) {
        let decoded = if layers < MAX_LAYERS {
            kind.decode(&bytes, budget)
        } else {
            Err(Rejection::new(Reason::BadCompression, format!("compressed more than {MAX_LAYERS} times over")))
        };
        match decoded {
            Ok(inner) => bytes = Cow::Owned(inner),
            Err(_) if std::str::from_utf8(&bytes).is_ok() => break,
            Err(rejection) => return Err(rejection),
        }
        layers += 1;
    }
    Ok(bytes)
}

/// One member after another; zeros may stand behind each, nothing else.
fn gzip(bytes: &[u8], most: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() && out.len() < most {
        let mut member = GzDecoder::new(rest);
        read(&mut member, most, out)?;
        rest = member.into_inner();
        rest = &rest[rest.iter().take_while(|byte| **byte == 0).count()..];
    }
    Ok(())
}

/// One stream and nothing behind it. Inflated by hand: the library's reader takes a stream that breaks off for one that ended.
fn zlib(bytes: &[u8], most: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let mut inflate = Decompress::new(true);
    let mut chunk = vec![0; CHUNK];
    let mut rest = bytes;
    while out.len() < most {
        let (taken, made) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(rest, &mut chunk, FlushDecompress::None)?;
        let (taken, made) = (to_usize(inflate.total_in() - taken), to_usize(inflate.total_out() - made));
        rest = &rest[taken..];
        out.extend_from_slice(&chunk[..made.min(most - out.len())]);
        match status {
            Status::StreamEnd if rest.is_empty() => break,
            Status::StreamEnd => return Err(io::Error::other("something follows the stream")),
            Status::Ok | Status::BufError if taken == 0 && made == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Status::Ok | Status::BufError => {}
        }
    }
    Ok(())
}

/// One frame after another, skippable ones too.
fn zstd(bytes: &[u8], most: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let mut frames = zstd::Decoder::with_buffer(bytes)?;
    frames.window_log_max(ZSTD_WINDOW_LOG)?;
    read(&mut frames, most, out)
}

/// Reads to the end, or until `out` holds `most` bytes.
fn read(decoder: &mut impl Read, most: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let room = most.saturating_sub(out.len()).try_into().unwrap_or(u64::MAX);
    decoder.take(room).read_to_end(out).map(drop)
}

/// Counts of bytes that are in memory.
fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
