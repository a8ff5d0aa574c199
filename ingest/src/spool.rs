//! What waits for the next module, on disk: a file a body, taken in the order in which they were kept.
//!
//! A file is written under another name, synced, and renamed, so each is whole or not there; [`Reservation::keep`] returns when it is on the disk.
//! One process uses a spool at a time, by a lock of the operating system. Never deletes what was not forwarded.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::Uri;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::metrics::SpoolState;

/// One spool, for one URL.
#[derive(Debug)]
pub struct Spool {
    pub url: Uri,
    dir: PathBuf,
    max_bytes: u64,
    entries: Mutex<Entries>,
    came: Notify,
    _lock: File,
}

#[derive(Debug, Default)]
struct Entries {
    /// Lengths, by number.
    kept: BTreeMap<u64, u64>,
    next: u64,
    /// Of the files, and of what is reserved.
    bytes: u64,
    forwarded: u64,
    trouble: Option<String>,
}

/// Room in a spool, given back when dropped.
#[derive(Debug)]
pub struct Reservation<'s> {
    spool: &'s Arc<Spool>,
    bytes: u64,
}

impl Spool {
    /// Opens the spool of `url` below `dir`, with what was left there.
    pub fn open(dir: &Path, url: &Uri, max_bytes: u64) -> io::Result<Spool> {
        let dir = dir.join(Uuid::new_v5(&Uuid::NAMESPACE_URL, url.to_string().as_bytes()).to_string());
        let usable = |error: io::Error| io::Error::new(error.kind(), format!("the spool {} cannot be used: {error}", dir.display()));
        fs::create_dir_all(&dir).map_err(usable)?;
        let lock = File::create(dir.join("lock")).map_err(usable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    format!("another process uses the spool {}; give each a SPOOL_DIR", dir.display()),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(usable(error)),
        }
        let entries = Mutex::new(found(&dir).map_err(usable)?);
        Ok(Spool { url: url.clone(), dir, max_bytes, entries, came: Notify::new(), _lock: lock })
    }

    /// Room for `bytes`, if there is so much. An empty spool always has room, so that no body is too large for ever.
    pub fn reserve(self: &Arc<Spool>, bytes: u64) -> Option<Reservation<'_>> {
        let mut entries = self.entries();
        if entries.bytes > 0 && entries.bytes.saturating_add(bytes) > self.max_bytes {
            return None;
        }
        entries.bytes += bytes;
        Some(Reservation { spool: self, bytes })
    }

    /// The oldest entry, once there is one.
    pub async fn first(&self) -> u64 {
        loop {
            let came = self.came.notified();
            let first = self.entries().kept.keys().next().copied();
            match first {
                Some(number) => return number,
                None => came.await,
            }
        }
    }

    /// The text of an entry.
    pub fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        fs::read(self.path(number))
    }

    /// The next module has taken it.
    pub fn done(&self, number: u64) -> io::Result<()> {
        fs::remove_file(self.path(number))?;
        let mut entries = self.entries();
        let bytes = entries.kept.remove(&number).unwrap_or(0);
        entries.bytes -= bytes;
        entries.forwarded += 1;
        entries.trouble = None;
        Ok(())
    }

    /// The next module has not taken it, and why.
    pub fn failed(&self, why: String) {
        self.entries().trouble = Some(why);
    }

    pub fn state(&self) -> SpoolState {
        let entries = self.entries();
        SpoolState {
            host: self.url.authority().map_or_else(String::new, |authority| {
                authority.port_u16().map_or(authority.host().to_owned(), |port| format!("{}:{port}", authority.host()))
            }),
            waiting: entries.kept.len() as u64,
            bytes: entries.bytes,
            max_bytes: self.max_bytes,
            forwarded: entries.forwarded,
            trouble: entries.trouble.clone(),
        }
    }

    fn write(&self, number: u64, text: &str) -> io::Result<()> {
        let (path, making) = (self.path(number), self.dir.join(format!("{number:020}.part")));
        let mut file = File::create(&making)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(making, path)?;
        File::open(&self.dir)?.sync_all()
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}.json"))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation<'_> {
    /// Keeps a text that is no longer than the room, and gives the rest of it back. Returns when it is on the disk.
    pub async fn keep(self, text: String) -> io::Result<()> {
        let spool = self.spool.clone();
        let number = {
            let mut entries = spool.entries();
            entries.next += 1;
            entries.next
        };
        let bytes = text.len() as u64;
        let writing = tokio::task::spawn_blocking(move || {
            spool.write(number, &text)?;
            let mut entries = spool.entries();
            entries.kept.insert(number, bytes);
            entries.bytes += bytes;
            drop(entries);
            spool.came.notify_one();
            Ok(())
        });
        writing.await.map_err(io::Error::other)?
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.spool.entries().bytes -= self.bytes;
    }
}

/// What a directory holds; what was never finished is taken away, as nobody was told of it.
fn found(dir: &Path) -> io::Result<Entries> {
    let mut entries = Entries::default();
    for file in fs::read_dir(dir)? {
        let file = file?;
        let path = file.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("part") => fs::remove_file(path)?,
            Some("json") => {
                let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
                let number: u64 = number.ok_or_else(|| io::Error::other(format!("{} is no file of a spool", path.display())))?;
                let bytes = file.metadata()?.len();
                entries.kept.insert(number, bytes);
                entries.bytes += bytes;
                entries.next = entries.next.max(number);
            }
            _ => {}
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn open(dir: &TempDir, most: u64) -> Arc<Spool> {
        Arc::new(Spool::open(dir.path(), &Uri::from_static("http://next:1/"), most).unwrap())
    }

    #[tokio::test]
    async fn what_is_kept_is_there_after_a_restart_in_its_order() {
        let dir = TempDir::new().unwrap();
        let spool = open(&dir, 1000);
        for text in ["one", "two", "three"] {
            spool.reserve(100).unwrap().keep(text.to_owned()).await.unwrap();
        }
        spool.done(spool.first().await).unwrap();
        assert_eq!(spool.state().bytes, 8);
        drop(spool);
        let spool = open(&dir, 1000);
        assert_eq!((spool.state().waiting, spool.state().bytes), (2, 8));
        assert_eq!(spool.read(spool.first().await).unwrap(), b"two");
        spool.reserve(100).unwrap().keep("four".to_owned()).await.unwrap();
        assert_eq!(spool.read(spool.first().await).unwrap(), b"two");
    }

    #[tokio::test]
    async fn room_is_bounded_and_given_back() {
        let dir = TempDir::new().unwrap();
        let spool = open(&dir, 10);
        let room = spool.reserve(8).unwrap();
        assert!(spool.reserve(3).is_none());
        drop(room);
        spool.reserve(3).unwrap().keep("abc".to_owned()).await.unwrap();
        assert!(spool.reserve(8).is_none() && spool.reserve(7).is_some());
        spool.done(spool.first().await).unwrap();
        assert!(spool.reserve(100).is_some(), "an empty spool takes any body");
    }

    #[test]
    fn a_spool_has_one_owner_and_no_half_of_a_file() {
        let dir = TempDir::new().unwrap();
        let spool = open(&dir, 10);
        assert_eq!(Spool::open(dir.path(), &spool.url, 10).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        fs::write(spool.dir.join("00000000000000000007.part"), "half").unwrap();
        drop(spool);
        assert_eq!(open(&dir, 10).state().waiting, 0);
    }
}
