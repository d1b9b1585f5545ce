//! Texts that come from files: scenarios, transcripts, input logs, saved settings.

use std::io::{self, Read};
use std::path::Path;

use super::FileError;

/// Longer than any text that is meant, in bytes. What is named by mistake may have no end (`/dev/zero`).
const LONGEST: u64 = 256 << 20;

/// The text in the file `path`.
///
/// # Errors
/// [`FileError::Io`]: it can't be read. [`FileError::Wrong`]: it is no text in UTF-8, with the place, or longer than
/// 256 MiB.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let name = path.display();
    let bytes = bytes_of(path).map_err(|e| FileError::Io(format!("cannot read {name}: {e}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(FileError::Wrong(format!("{name} is longer than {} MiB: no text is", LONGEST >> 20)));
    }
    String::from_utf8(bytes).map_err(|e| {
        let (bytes, at) = (e.as_bytes(), e.utf8_error().valid_up_to());
        let good = String::from_utf8_lossy(&bytes[..at]);
        let line = good.matches('\n').count() + 1;
        let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let byte = bytes.get(at).copied().unwrap_or_default();
        let sentence =
            format!("{name}:{line}:{column}: expected a text in UTF-8, found the byte 0x{byte:02x}");
        FileError::Wrong(sentence)
    })
}

#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the edge reads files")]
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make files")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_text_is_refused_with_the_place_of_its_first_wrong_byte() {
        let path = std::env::temp_dir().join(format!("espat-text-{}", std::process::id()));
        std::fs::write(&path, b"one\ncaf\xc3\xa9 \xff two\n").unwrap();
        let refused = read_text(&path);
        std::fs::remove_file(&path).unwrap();
        let Err(FileError::Wrong(sentence)) = refused else { panic!("{refused:?}") };
        assert!(sentence.ends_with(":2:6: expected a text in UTF-8, found the byte 0xff"), "{sentence}");
        assert!(matches!(read_text(&path), Err(FileError::Io(_))), "a file that is not there");
    }
}
