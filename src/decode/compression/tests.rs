//! Compression: every odd kind of stream, and what it becomes.

use std::io::Write;

use super::*;

const TEXT: &[u8] = br#"{"id":"a"}"#;
const FRAMES: &[u8] = include_bytes!("../../../tests/vectors/frames.zst");
const MEMBERS: &[u8] = include_bytes!("../../../tests/vectors/members.gz");
const STREAM: &[u8] = include_bytes!("../../../tests/vectors/level-6.zlib");

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn within(bytes: &[u8], most: usize) -> Result<Vec<u8>, Rejection> {
    decompress(bytes, &mut Budget::new(most)).map(Cow::into_owned)
}

fn refused(bytes: &[u8]) -> (Reason, String) {
    let rejection = within(bytes, 1 << 20).unwrap_err();
    (rejection.reason, rejection.message)
}

#[test]
fn what_other_compressors_made_is_read() {
    let made: [&[u8]; 10] = [
        MEMBERS,
        FRAMES,
        STREAM,
        include_bytes!("../../../tests/vectors/every-header-field.gz"),
        include_bytes!("../../../tests/vectors/level-0.zlib"),
        include_bytes!("../../../tests/vectors/level-1.zlib"),
        include_bytes!("../../../tests/vectors/level-5.zlib"),
        include_bytes!("../../../tests/vectors/level-9.zlib"),
        include_bytes!("../../../tests/vectors/skippable-first.zst"),
        include_bytes!("../../../tests/vectors/no-size.zst"),
    ];
    for bytes in made {
        assert_eq!(within(bytes, TEXT.len()).as_deref(), Ok(TEXT), "{bytes:?}");
    }
    assert_eq!(within(&gzipped(b""), 0), Ok(Vec::new()));
}

#[test]
fn a_frame_that_claims_a_terabyte_is_refused_unallocated() {
    assert_eq!(
        refused(include_bytes!("../../../tests/vectors/terabyte.zst")),
        (Reason::BadCompression, "zstd: Frame requires too much memory for decoding".to_owned())
    );
    assert_eq!(refused(include_bytes!("../../../tests/vectors/terabyte-window.zst")).0, Reason::BadCompression);
    assert_eq!(refused(include_bytes!("../../../tests/vectors/terabyte-content.zst")).0, Reason::BadCompression);
}

#[test]
fn what_breaks_off_is_refused_at_every_byte() {
    for whole in [&gzipped(TEXT)[..], STREAM, &zstd::encode_all(TEXT, 3).unwrap()] {
        for length in 4..whole.len() {
            assert_eq!(refused(&whole[..length]).0, Reason::BadCompression, "{length} of {whole:?}");
        }
    }
}

#[test]
fn what_is_damaged_or_has_something_behind_it_is_refused() {
    for whole in [MEMBERS, STREAM, FRAMES] {
        assert_eq!(refused(&[whole, b"x"].concat()).0, Reason::BadCompression, "{whole:?}");
        assert_eq!(refused(&[whole, TEXT].concat()).0, Reason::BadCompression, "{whole:?}");
    }
    assert_eq!(refused(&[&gzipped(TEXT)[..], b"\0\0x"].concat()).1, "gzip: unexpected end of file");
    assert_eq!(refused(&[STREAM, b"\0"].concat()).1, "zlib: something follows the stream");
    for damaged in [gzipped(TEXT), STREAM.to_vec()] {
        let sum = damaged.len() - 6;
        for at in sum..damaged.len() {
            let mut damaged = damaged.clone();
            damaged[at] ^= 1;
            assert_eq!(refused(&damaged).0, Reason::BadCompression);
        }
    }
}

#[test]
fn a_text_that_only_looks_compressed_is_a_text() {
    for text in ["x^{}\n{}\n{}", "x\u{1}", "P*M\u{18}{}", "{}", ""] {
        assert!(matches!(decompress(text.as_bytes(), &mut Budget::new(9)), Ok(Cow::Borrowed(same)) if same == text.as_bytes()));
    }
    assert_eq!(within(&gzipped(b"x^{}"), 99).as_deref(), Ok(&b"x^{}"[..]));
    assert_eq!(refused(b"x\x9c{}").0, Reason::BadCompression);
}

#[test]
fn layers_are_taken_off_up_to_a_limit() {
    let three = gzipped(&zstd::encode_all(STREAM, 3).unwrap());
    assert_eq!(within(&three, 1000).as_deref(), Ok(TEXT));
    assert_eq!(refused(&gzipped(&three)), (Reason::BadCompression, "compressed more than 3 times over".to_owned()));
    assert_eq!(refused(&gzipped(&gzipped(TEXT)[..9])).0, Reason::BadCompression);
}

#[test]
fn no_layer_makes_more_than_the_budget_and_not_a_byte_less() {
    let zeros = vec![b'0'; 1000];
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&zeros).unwrap();
    for packed in [gzipped(&zeros), zstd::encode_all(&zeros[..], 3).unwrap(), zlib.finish().unwrap()] {
        assert_eq!(within(&packed, 1000).as_deref(), Ok(&zeros[..]));
        let mut budget = Budget::new(999);
        assert_eq!(decompress(&packed, &mut budget).unwrap_err().reason, Reason::DecompressedTooLarge);
        assert_eq!((budget.made(), budget.left), (1000, 500));
    }
    assert_eq!(within(&gzipped(&gzipped(&zeros)), 999).unwrap_err().reason, Reason::DecompressedTooLarge);
}

#[test]
fn a_thousand_bombs_are_little_more_work_than_two() {
    let bomb = gzipped(&vec![0; 1 << 20]);
    let mut budget = Budget::new(1 << 16);
    for _ in 0..1000 {
        assert_eq!(decompress(&bomb, &mut budget).unwrap_err().reason, Reason::DecompressedTooLarge);
    }
    assert!(budget.made() < 1 << 18, "{}", budget.made());
}
