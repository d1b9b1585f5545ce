//! Texts that come from files: scenarios, transcripts, input logs, saved settings; and what is no text, pages.

use std::io::{self, Read};
use std::path::Path;

use super::FileError;

/// Bytes that are looked at before more are read: what is named by mistake may have no end (`/dev/zero`).
const PIECE: u64 = 1 << 20;

/// The text in the file `path`.
///
/// # Errors
/// [`FileError::Io`]: it can't be read. [`FileError::Wrong`]: it is no text in UTF-8, with the place of the first byte that
/// belongs into none.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the edge reads files")]
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let name = path.display();
    let unreadable = |e: io::Error| FileError::Io(format!("cannot read {name}: {e}"));
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let (mut bytes, mut good) = (Vec::new(), 0);
    loop {
        let ended = file.by_ref().take(PIECE).read_to_end(&mut bytes).map_err(unreadable)? == 0;
        let (valid, wrong) = match std::str::from_utf8(&bytes[good..]) {
            Ok(text) => (text.len(), false),
            // A letter may have been cut in two by the piece's end.
            Err(e) => (e.valid_up_to(), e.error_len().is_some() || ended),
        };
        let nul = bytes[good..good + valid].iter().position(|byte| *byte == 0);
        let stop = nul.unwrap_or(valid);
        if nul.is_some() || wrong {
            return Err(FileError::Wrong(no_text(&name, &bytes, good + stop)));
        }
        good += valid;
        if ended {
            break;
        }
    }
    String::from_utf8(bytes)
        .map_err(|e| FileError::Wrong(no_text(&name, e.as_bytes(), e.utf8_error().valid_up_to())))
}

/// What is in the file `path`, which has at most so many bytes.
///
/// # Errors
/// [`FileError::Io`]: it can't be read. [`FileError::Wrong`]: it is longer.
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the edge reads files")]
pub fn read_bytes(path: &Path, most: usize) -> Result<Vec<u8>, FileError> {
    let name = path.display();
    let unreadable = |e: io::Error| FileError::Io(format!("cannot read {name}: {e}"));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(FileError::Wrong(format!("{name}: expected a file of at most {most} bytes, found more")));
    }
    Ok(bytes)
}

/// What is wrong at byte `at`.
fn no_text(name: &impl std::fmt::Display, bytes: &[u8], at: usize) -> String {
    let good = String::from_utf8_lossy(&bytes[..at]);
    let line = good.matches('\n').count() + 1;
    let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let byte = bytes.get(at).copied().unwrap_or_default();
    format!("{name}:{line}:{column}: expected a text in UTF-8, found the byte 0x{byte:02x}")
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

    #[test]
    fn a_letter_across_two_pieces_is_read_and_half_a_letter_at_the_end_is_not() {
        let path = std::env::temp_dir().join(format!("espat-text-pieces-{}", std::process::id()));
        let mut text = "x".repeat(PIECE as usize - 1);
        text.push_str("\u{e9}\n");
        std::fs::write(&path, &text).unwrap();
        let whole = read_text(&path);
        std::fs::write(&path, &text.as_bytes()[..text.len() - 2]).unwrap();
        let half = read_text(&path);
        std::fs::remove_file(&path).unwrap();
        assert!(whole.is_ok_and(|read| read == text), "the text came out differently");
        assert!(matches!(half, Err(FileError::Wrong(_))), "half a letter was taken");
    }

    #[cfg(unix)]
    #[test]
    fn no_more_than_asked_for_is_read_of_what_is_no_text() {
        let refused = read_bytes(Path::new("/dev/zero"), 1000);
        let Err(FileError::Wrong(sentence)) = refused else { panic!("{refused:?}") };
        assert_eq!(sentence, "/dev/zero: expected a file of at most 1000 bytes, found more");
        assert!(read_bytes(Path::new("/dev/null"), 0).is_ok_and(|bytes| bytes.is_empty()));
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_refused_at_once() {
        let refused = read_text(Path::new("/dev/zero"));
        let Err(FileError::Wrong(sentence)) = refused else { panic!("{refused:?}") };
        assert!(sentence.starts_with("/dev/zero:1:1: "), "{sentence}");
    }
}
