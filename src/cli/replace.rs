//! A file replaced whole: either the old text is there or the new one, whatever happens in between.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;

use super::error::CliError;

/// Replaces the text that was read from a file by another one.
///
/// A link is followed; mode and owner stay. Fails, and leaves the file as it is, if it holds another
/// text by now.
pub(super) fn replace(path: &Path, before: &[u8], after: &[u8]) -> Result<(), CliError> {
    let failed = |error: io::Error| {
        CliError::usage(format!("cannot rewrite `{}`: {error}", path.display()))
            .hint("the file was left as it is")
    };
    // A rename would replace the link, not what it leads to.
    let real = fs::canonicalize(path).map_err(failed)?;
    let folder = real.parent().unwrap_or(Path::new("/"));
    let mut anew = tempfile::Builder::new()
        .prefix(".sms-plan-")
        .tempfile_in(folder)
        .map_err(failed)?;
    anew.write_all(after).map_err(failed)?;
    keep_owner_and_mode(&File::open(&real).map_err(failed)?, anew.as_file()).map_err(failed)?;
    anew.as_file().sync_all().map_err(failed)?;
    if fs::read(&real).map_err(failed)? != before {
        return Err(CliError::usage(format!(
            "`{}` was edited meanwhile and was left as it is",
            path.display()
        ))
        .hint("run the command again"));
    }
    anew.persist(&real).map_err(|error| failed(error.error))?;
    // The name is durable when its folder is.
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(failed)
}

fn keep_owner_and_mode(from: &File, to: &File) -> io::Result<()> {
    let metadata = from.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        use std::os::unix::fs::fchown;

        let own = to.metadata()?;
        if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
            fchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
        }
    }
    to.set_permissions(metadata.permissions())
}
