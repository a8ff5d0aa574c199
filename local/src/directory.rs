//! A state directory: who owns it, and where its owner is to be found.
//!
//! Ownership is a lock of the operating system on the file `lock`; it ends with the process, however that ends. The file `endpoint` is a hint
//! left by the owner, believed only while the lock is held by somebody and that endpoint answers for this very directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// An owned directory; dropping it gives it up.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Creates the directory if need be and takes it, or fails at once with [`Error::Locked`].
    pub(crate) fn take(dir: &Path) -> Result<Directory, Error> {
        fs::create_dir_all(dir).map_err(|source| at(dir, source))?;
        let path = canonical(dir)?;
        let file = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&file).map_err(|source| at(&file, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { dir: path }),
            Err(TryLockError::Error(source)) => return Err(at(&file, source)),
        }
        let directory = Directory { path, _lock: lock };
        directory.withdraw()?;
        Ok(directory)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the endpoint for other processes; they see it whole or not at all.
    pub(crate) fn announce(&self, endpoint: &str) -> Result<(), Error> {
        let unfinished = self.path.join("endpoint.new");
        fs::write(&unfinished, format!("{endpoint}\n")).map_err(|source| at(&unfinished, source))?;
        let file = endpoint_file(&self.path);
        fs::rename(&unfinished, &file).map_err(|source| at(&file, source))
    }

    /// Takes back what this owner, or one before it, announced.
    pub(crate) fn withdraw(&self) -> Result<(), Error> {
        let file = endpoint_file(&self.path);
        match fs::remove_file(&file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(at(&file, source)),
            _ => Ok(()),
        }
    }
}

/// What the owner of `dir` announced, if anything.
pub(crate) fn announced(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(endpoint_file(dir)).ok()?;
    let endpoint = text.trim();
    endpoint.starts_with("http://127.0.0.1:").then(|| endpoint.to_owned())
}

/// The one path that owner and others know the directory by.
pub(crate) fn canonical(dir: &Path) -> Result<PathBuf, Error> {
    dir.canonicalize().map_err(|source| at(dir, source))
}

fn endpoint_file(dir: &Path) -> PathBuf {
    dir.join("endpoint")
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::Directory { path: path.to_owned(), source }
}
