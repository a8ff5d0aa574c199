//! Letters written to a file, which is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A file that is not in its place yet. Dropped, it leaves nothing.
pub struct Export {
    path: PathBuf,
    unfinished: PathBuf,
    out: BufWriter<File>,
    finished: bool,
}

impl Export {
    pub fn create(path: &Path) -> anyhow::Result<Export> {
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}.new", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).with_context(|| format!("cannot write {}", unfinished.display()))?;
        Ok(Export { path: path.to_owned(), unfinished, out: BufWriter::new(file), finished: false })
    }

    pub fn line(&mut self, text: &str) -> anyhow::Result<()> {
        writeln!(self.out, "{text}").with_context(|| format!("cannot write {}", self.unfinished.display()))
    }

    /// Puts the file into its place; what is there then is on the disk.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let write = |export: &mut Export| -> io::Result<()> {
            export.out.flush()?;
            export.out.get_ref().sync_all()?;
            fs::rename(&export.unfinished, &export.path)?;
            export.finished = true;
            let dir = export.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(dir)?.sync_all()
        };
        write(&mut self).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody reads it under this name.
            fs::remove_file(&self.unfinished).unwrap_or_default();
        }
    }
}
