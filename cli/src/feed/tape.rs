//! A file as a shard: its lines from the checkpoint on as records, and the checkpoint moved behind what is done.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use tablefeed_local::esm::{Discarded, Position, Record};

use super::account::End;
use super::lines::{Line, Lines};
use super::source;
use super::state::State;
use super::store::Store;
use crate::exit::BadInput;

/// What to open, and what is done with it.
#[derive(Debug)]
pub struct Order<'a> {
    pub file: &'a Path,
    /// The stream's name.
    pub source: &'a str,
    /// The table, and where it is.
    pub destination: &'a str,
    /// The state directory.
    pub dir: &'a Path,
    pub from_start: bool,
    /// Nothing is written down: a run that persists nothing must not let a later one pass over its lines.
    pub dry_run: bool,
    /// The field whose text is the partition key.
    pub partition_key: Option<&'a str>,
    /// Since 1970.
    pub now: Duration,
}

pub struct Tape {
    file: File,
    lines: Lines,
    state: State,
    store: Store,
    dry_run: bool,
    partition_key: Option<String>,
}

impl Tape {
    /// Refuses a file or a checkpoint that cannot be used before anything is fed.
    pub fn open(order: &Order<'_>) -> anyhow::Result<Tape> {
        let (file, size) = open(order.file)?;
        let store = Store::open(order.dir, order.source)?;
        let fresh = State::new(order.source, order.destination);
        let loaded = if order.from_start { None } else { store.load()? };
        if let Some(state) = &loaded {
            state.check(&fresh, &file, size)?;
        }
        let mut state = loaded.unwrap_or(fresh);
        let what = || format!("cannot read {}", order.file.display());
        let begin = state.begin(&file, size, order.now).with_context(what)?;
        let lines = Lines::new(file.try_clone().with_context(what)?, begin, size).with_context(what)?;
        let partition_key = order.partition_key.map(str::to_owned);
        let tape = Tape { file, lines, state, store, dry_run: order.dry_run, partition_key };
        // The arrivals must be the same in the next run, even if this one ends before it has completed anything.
        tape.write_down()?;
        Ok(tape)
    }

    /// The next line as a record.
    pub fn next(&mut self) -> anyhow::Result<Option<Record>> {
        let Some(Line { offset, data }) = self.lines.next().context("the file cannot be read")? else { return Ok(None) };
        let partition_key = source::partition_key(self.partition_key.as_deref(), offset, &data);
        Ok(Some(Record { sequence: source::sequence(offset)?, partition_key, data, arrival: self.state.arrival(offset) }))
    }

    /// Bytes of the file from the first unfinished line to what comes next.
    pub fn ahead(&self, first_unfinished: Option<&Position>) -> u64 {
        self.lines.position() - self.offset_of(first_unfinished)
    }

    /// Writes down that everything in front of the first unfinished record is done.
    pub fn done_up_to(&mut self, position: Option<&Position>) -> anyhow::Result<()> {
        let offset = self.offset_of(position);
        if offset == self.state.offset {
            return Ok(());
        }
        let open_line = self.lines.open().filter(|_| offset == self.lines.position());
        self.state.advance(&self.file, offset, open_line, self.state.size).context("the file cannot be read")?;
        self.write_down()
    }

    /// Keeps what is given up, before the checkpoint passes it.
    pub fn discard(&self, discarded: &Discarded) -> anyhow::Result<()> {
        self.store.discard(discarded)
    }

    /// Where discarded records are kept.
    pub fn discards(&self) -> PathBuf {
        self.store.discarded()
    }

    /// Every line that begins in front of it is done.
    pub fn checkpoint(&self) -> u64 {
        self.state.offset
    }

    pub fn size(&self) -> u64 {
        self.state.size
    }

    /// No record arrived later.
    pub fn last_arrival(&self) -> Duration {
        self.state.last_arrival()
    }

    /// Why nothing comes any more, once everything that came is done.
    pub fn end(&self) -> End {
        match self.lines.too_long() {
            Some(_) => End::LineTooLong,
            None if self.lines.position() < self.state.size => End::FileShrank,
            None => End::Finished,
        }
    }

    fn offset_of(&self, position: Option<&Position>) -> u64 {
        match position {
            Some(Position::At(first_unfinished)) => source::offset(first_unfinished).unwrap_or(self.state.offset),
            Some(Position::After(_)) | None => self.lines.position(),
        }
    }

    fn write_down(&self) -> anyhow::Result<()> {
        if self.dry_run { Ok(()) } else { self.store.save(&self.state) }
    }
}

/// The file and its size; only a file has offsets to go on at.
fn open(path: &Path) -> anyhow::Result<(File, u64)> {
    let refused = |why: &str| BadInput::error(format!("cannot read {}: {why}", path.display()));
    // Looked at before it is opened, because opening a pipe waits for its other end.
    let metadata = std::fs::metadata(path).map_err(|error| refused(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(refused(if metadata.is_dir() { "it is a directory" } else { "it is no regular file, which a checkpoint needs" }));
    }
    let file = File::open(path).map_err(|error| refused(&error.to_string()))?;
    let size = file.metadata().map_err(|error| refused(&error.to_string()))?.len();
    Ok((file, size))
}
