//! What outlives a run, in the state directory: the checkpoint of a source, its discarded records, and the lock that keeps a second run out.
//!
//! What a function here has written is on the disk when it returns, whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tablefeed_local::esm::Discarded;

use super::state::State;
use crate::exit::BadInput;

pub struct Store {
    dir: PathBuf,
    source: String,
    _lock: File,
}

impl Store {
    /// Takes a source, or fails at once if another process has it.
    pub fn open(dir: &Path, source: &str) -> anyhow::Result<Store> {
        let dir = dir.join("run");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let file = dir.join(format!("{source}.lock"));
        let what = || format!("cannot lock {}", file.display());
        let lock = File::options().create(true).truncate(false).write(true).open(&file).with_context(what)?;
        match lock.try_lock() {
            Ok(()) => Ok(Store { dir, source: source.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!("another `tablefeed run` feeds {source}: wait until it ends, or name another --source"),
            Err(TryLockError::Error(error)) => Err(error).with_context(what),
        }
    }

    /// The checkpoint, if there is one.
    pub fn load(&self) -> anyhow::Result<Option<State>> {
        let file = self.checkpoint();
        let text = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let broken = |error| {
            BadInput::error(format!(
                "the checkpoint {} is broken ({error}); --from-start feeds the file from its beginning",
                file.display()
            ))
        };
        serde_json::from_slice(&text).map(Some).map_err(broken)
    }

    pub fn save(&self, state: &State) -> anyhow::Result<()> {
        let (file, unfinished) = (self.checkpoint(), self.dir.join(format!("{}.json.new", self.source)));
        let write = || {
            let mut new = File::create(&unfinished)?;
            new.write_all(format!("{}\n", serde_json::to_string(state)?).as_bytes())?;
            new.sync_all()?;
            fs::rename(&unfinished, &file)?;
            File::open(&self.dir)?.sync_all()
        };
        write().with_context(|| format!("the checkpoint {} cannot be written", file.display()))
    }

    /// Adds a line of JSON to the discarded records.
    pub fn discard(&self, discarded: &Discarded) -> anyhow::Result<()> {
        let path = self.discarded();
        let append = || {
            let mut file = File::options().create(true).append(true).read(true).open(&path)?;
            // A line that a run left unfinished when it died stands by itself.
            let mut last = [b'\n'];
            if file.metadata()?.len() > 0 {
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
            }
            let separator = if last == *b"\n" { "" } else { "\n" };
            file.write_all(format!("{separator}{}\n", serde_json::to_string(discarded)?).as_bytes())?;
            file.sync_all()?;
            File::open(&self.dir)?.sync_all()
        };
        append().with_context(|| format!("discarded records cannot be written to {}", path.display()))
    }

    pub fn discarded(&self) -> PathBuf {
        self.dir.join(format!("{}.discarded.ndjson", self.source))
    }

    fn checkpoint(&self) -> PathBuf {
        self.dir.join(format!("{}.json", self.source))
    }
}
