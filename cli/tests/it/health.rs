//! `health`: by its exit code, of servers that are well, refuse, or are gone.

use crate::emulate::Emulator;
use crate::ingest::Ingest;
use crate::laptop::Laptop;

#[test]
fn a_server_is_well_until_it_is_gone() {
    let laptop = Laptop::new();
    let server = Ingest::start(&laptop, &[]);
    let url = |path: &str| format!("http://{}{path}", server.address);
    let (ready, missing) = (url("/health/ready"), url("/nothing-here"));
    let well = laptop.run(&["health", &ready]);
    assert_eq!((well.exit, well.out.trim()), (0, format!("{ready} answers 200 OK").as_str()), "{well:?}");
    let refused = laptop.run(&["health", &missing]);
    assert_eq!(refused.exit, 1);
    assert!(refused.err.contains("404"), "{refused:?}");
    server.terminate();
    let gone = laptop.run(&["health", &ready]);
    assert_eq!(gone.exit, 1);
    assert!(gone.err.contains("does not answer"), "{gone:?}");
}

#[test]
fn the_emulator_is_well() {
    let laptop = Laptop::new();
    let emulator = Emulator::start(&laptop, &[]);
    let well = laptop.run(&["health", emulator.endpoint()]);
    assert_eq!(well.exit, 0, "{well:?}");
}

#[test]
fn only_plain_http_is_asked() {
    let said = Laptop::new().run(&["health", "https://127.0.0.1/ready"]);
    assert_eq!(said.exit, 2);
    assert!(said.err.contains("must begin with http://"), "{said:?}");
}
