//! A corpus as it is kept in the repository: one text file a target, one input a line, in base64. A line that begins
//! with `#` says of the input below it what it once broke.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file of a target's corpus, or of what was found with it.
#[must_use]
pub fn file(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(format!("{target}.txt"))
}

/// Reads one; a target without a file has no inputs.
///
/// # Errors
/// A file that can not be read, or a line that is no base64.
pub fn read(path: &Path) -> io::Result<Vec<Vec<u8>>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            STANDARD
                .decode(line)
                .map_err(|error| io::Error::other(format!("{}: \"{line}\": {error}", path.display())))
        })
        .collect()
}

/// Writes one; sorted by length, so that two runs give the same file.
///
/// # Errors
/// When the file can not be written.
pub fn write(path: &Path, inputs: &[Vec<u8>]) -> io::Result<()> {
    let mut sorted: Vec<&Vec<u8>> = inputs.iter().collect();
    sorted.sort_by_key(|input| (input.len(), *input));
    sorted.dedup();
    let mut text = String::new();
    for input in sorted {
        writeln!(text, "{}", STANDARD.encode(input)).map_err(io::Error::other)?;
    }
    fs::write(path, text)
}
