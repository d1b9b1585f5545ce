//! Escape sequences of terminals (ECMA-48), as firmware prints them on its console: colours mostly.

/// A part of a line: text, or one escape sequence with its ESC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes as they are.
    Text(&'a [u8]),
    /// A sequence that sets colour or weight (`ESC [ ... m`).
    Colour(&'a [u8]),
    /// Any other sequence, or one that the line's end cuts off.
    Other(&'a [u8]),
}

/// What each sequence begins with.
pub const ESC: u8 = 0x1b;

/// The parts of a line, in order.
pub fn pieces(mut line: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let first = *line.first()?;
        let length = match first {
            ESC => sequence(line),
            _ => line.iter().position(|&b| b == ESC).unwrap_or(line.len()),
        };
        let (piece, rest) = line.split_at(length);
        line = rest;
        Some(match piece {
            [ESC, b'[', parameters @ .., b'm'] if parameters.iter().all(|b| (0x30..=0x3f).contains(b)) => {
                Piece::Colour(piece)
            }
            [ESC, ..] => Piece::Other(piece),
            text => Piece::Text(text),
        })
    })
}

/// The line without its escape sequences.
pub fn plain(line: &[u8]) -> Vec<u8> {
    let text = pieces(line).filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Colour(_) | Piece::Other(_) => None,
    });
    text.flatten().copied().collect()
}

/// How many bytes the sequence at the start of `line` has, its ESC included; all, where it is cut off.
fn sequence(line: &[u8]) -> usize {
    whole(line).unwrap_or(line.len())
}

/// True when the sequence that `line` begins with is over.
pub fn is_whole(line: &[u8]) -> bool {
    whole(line).is_some()
}

/// How many bytes the sequence at the start of `line` has, its ESC included; `None` where it is cut off.
fn whole(line: &[u8]) -> Option<usize> {
    let ends = |from: usize, is_last: fn(u8) -> bool| {
        let rest = line.get(from..).unwrap_or_default();
        rest.iter().position(|&b| is_last(b)).map(|at| from + at + 1)
    };
    match line.get(1)? {
        // A control sequence: parameters, then one letter.
        b'[' => ends(2, |b| (0x40..=0x7e).contains(&b)),
        // A command to the system, such as a window's title, up to BEL; or else the ESC of its end and what belongs to it.
        b']' => match ends(2, |b| b == 0x07 || b == ESC)? {
            end if line.get(end - 1) == Some(&ESC) => Some(end + 1).filter(|&end| end <= line.len()),
            end => Some(end),
        },
        _ => ends(1, |b| !(0x20..=0x2f).contains(&b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_line_is_its_text() {
        for (line, text) in [
            (&b"plain"[..], &b"plain"[..]),
            (b"\x1b[1;31mred\x1b[0m and not", b"red and not"),
            (b"\x1b[2J\x1b[Hclean", b"clean"),
            (b"\x1b]0;a title\x07uart:~$ ", b"uart:~$ "),
            (b"\x1b]0;a title\x1b\\uart:~$ ", b"uart:~$ "),
            (b"\x1b(Bascii\x1b7\x1b8", b"ascii"),
            (b"cut off \x1b[1;3", b"cut off "),
            (b"alone \x1b", b"alone "),
            (b"", b""),
        ] {
            assert_eq!(plain(line), text, "of {}", line.escape_ascii());
        }
    }

    #[test]
    fn colours_are_told_from_what_moves_the_cursor() {
        let found: Vec<Piece<'_>> = pieces(b"\x1b[32mok\x1b[K\x1b[?25l\x1b[m").collect();
        let expected = [
            Piece::Colour(b"\x1b[32m"),
            Piece::Text(b"ok"),
            Piece::Other(b"\x1b[K"),
            Piece::Other(b"\x1b[?25l"),
            Piece::Colour(b"\x1b[m"),
        ];
        assert_eq!(found, expected);
    }
}
