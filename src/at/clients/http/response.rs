//! An answer under way: its head, then its body, block by block as it comes.

/// Most headers.
const MAX_HEADERS: usize = 96;
/// Longest head, or line between chunks, bytes.
const MAX_HEAD: usize = 16 << 10;

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Such as 200.
    pub status: u16,
    /// Names and values, as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What `Content-Length` says, where the body is not chunked.
    pub length: Option<u64>,
}

/// It is no answer of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    /// So many bytes of the body.
    Length(u64),
    /// Everything up to the end of the stream.
    UntilClose,
    /// The line with the size of a chunk.
    Size,
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// The lines behind the last chunk.
    Trailer,
    Complete,
}

/// An answer under way.
#[derive(Clone, Debug)]
pub struct Response {
    /// To HEAD: there is no body, whatever the head says.
    head_only: bool,
    head: Option<Head>,
    /// What of a head or a line has come and is not whole yet.
    pending: Vec<u8>,
    part: Part,
}

/// What it is and how long, or that more is needed.
type Reads<T> = fn(&[u8]) -> Result<Option<(T, usize)>, Malformed>;

impl Response {
    /// Nothing of it is there. `head_only`: the request was a HEAD.
    pub fn new(head_only: bool) -> Response {
        Response { head_only, head: None, pending: Vec::new(), part: Part::Head }
    }

    /// The head, once it is there.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Everything is there.
    pub fn is_complete(&self) -> bool {
        self.part == Part::Complete
    }

    /// Takes what one read has brought. The blocks of the body in it: one, or of a chunked body one for each chunk.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn take(&mut self, mut data: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
        let mut blocks = Vec::new();
        loop {
            match self.part {
                Part::Head => {
                    let Some(head) = self.gather(&mut data, read_head)? else { return Ok(blocks) };
                    // What goes before the answer proper, such as 100 Continue.
                    if (100..200).contains(&head.status) && head.status != 101 {
                        continue;
                    }
                    let chunked = head.headers.iter().any(|(name, value)| {
                        name.eq_ignore_ascii_case("transfer-encoding")
                            && value.to_ascii_lowercase().ends_with(b"chunked")
                    });
                    let none = self.head_only || matches!(head.status, 100..200 | 204 | 304);
                    self.part = match head.length {
                        _ if none => Part::Complete,
                        _ if chunked => Part::Size,
                        Some(0) => Part::Complete,
                        Some(length) => Part::Length(length),
                        None => Part::UntilClose,
                    };
                    self.head = Some(Head { length: head.length.filter(|_| !chunked), ..head });
                }
                Part::Length(left) => {
                    let Some(taken) = block(&mut data, left, &mut blocks) else { return Ok(blocks) };
                    self.part = if left == taken { Part::Complete } else { Part::Length(left - taken) };
                }
                Part::UntilClose => {
                    block(&mut data, u64::MAX, &mut blocks);
                    return Ok(blocks);
                }
                Part::Size => {
                    let Some(size) = self.gather(&mut data, read_size)? else { return Ok(blocks) };
                    self.part = if size == 0 { Part::Trailer } else { Part::Chunk(size) };
                }
                Part::Chunk(left) => {
                    let Some(taken) = block(&mut data, left, &mut blocks) else { return Ok(blocks) };
                    self.part = if left == taken { Part::ChunkEnd } else { Part::Chunk(left - taken) };
                }
                Part::ChunkEnd => {
                    let Some(()) = self.gather(&mut data, read_line_end)? else { return Ok(blocks) };
                    self.part = Part::Size;
                }
                Part::Trailer => {
                    let Some(()) = self.gather(&mut data, read_trailer)? else { return Ok(blocks) };
                    self.part = Part::Complete;
                }
                // What follows belongs to no request.
                Part::Complete => return Ok(blocks),
            }
        }
    }

    /// Reads something that must be whole: `read` says what it is and how long, or that more is needed, which is kept.
    fn gather<T>(&mut self, data: &mut &[u8], read: Reads<T>) -> Result<Option<T>, Malformed> {
        let before = self.pending.len();
        self.pending.extend_from_slice(data);
        match read(&self.pending)? {
            Some((it, length)) => {
                self.pending.clear();
                // It ends in what has just come: otherwise it would have been whole before.
                *data = &data[length.saturating_sub(before).min(data.len())..];
                Ok(Some(it))
            }
            None if self.pending.len() > MAX_HEAD => Err(Malformed),
            None => {
                *data = &[];
                Ok(None)
            }
        }
    }
}

/// Takes up to `most` bytes as a block, and says how many. `None`: there are none.
fn block(data: &mut &[u8], most: u64, blocks: &mut Vec<Vec<u8>>) -> Option<u64> {
    if data.is_empty() {
        return None;
    }
    let (taken, rest) = data.split_at(usize::try_from(most).unwrap_or(usize::MAX).min(data.len()));
    blocks.push(taken.to_vec());
    *data = rest;
    Some(u64::try_from(taken.len()).unwrap_or(u64::MAX))
}

type Read<T> = Result<Option<(T, usize)>, Malformed>;

fn read_head(bytes: &[u8]) -> Read<Head> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Malformed),
    };
    let headers: Vec<(String, Vec<u8>)> =
        parsed.headers.iter().map(|h| (h.name.to_owned(), h.value.to_vec())).collect();
    let said = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let number = |value: &Vec<u8>| std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok();
    let content = match said {
        Some((_, value)) => Some(number(value).ok_or(Malformed)?),
        None => None,
    };
    let head = Head { status: parsed.code.unwrap_or_default(), headers, length: content };
    Ok(Some((head, length)))
}

fn read_size(bytes: &[u8]) -> Read<u64> {
    match httparse::parse_chunk_size(bytes) {
        Ok(httparse::Status::Complete((length, size))) => Ok(Some((size, length))),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(Malformed),
    }
}

fn read_line_end(bytes: &[u8]) -> Read<()> {
    match bytes {
        [b'\r', b'\n', ..] => Ok(Some(((), 2))),
        [] | [b'\r'] => Ok(None),
        _ => Err(Malformed),
    }
}

fn read_trailer(bytes: &[u8]) -> Read<()> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(bytes, &mut headers) {
        Ok(httparse::Status::Complete((length, _))) => Ok(Some(((), length))),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of `bytes` in reads of `step`: status, body, whether it is complete.
    fn read(bytes: &[u8], step: usize, head_only: bool) -> Result<(u16, Vec<u8>, bool), Malformed> {
        let (mut response, mut body) = (Response::new(head_only), Vec::new());
        for chunk in bytes.chunks(step) {
            body.extend(response.take(chunk)?.concat());
        }
        Ok((response.head().map_or(0, |head| head.status), body, response.is_complete()))
    }

    #[test]
    fn each_read_and_each_chunk_is_a_block() {
        let mut response = Response::new(false);
        let blocks = response.take(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab");
        assert_eq!(blocks, Ok(vec![b"ab".to_vec()]), "the body that came with the head");
        assert_eq!(response.take(b"cd"), Ok(vec![b"cd".to_vec()]));
        assert_eq!(response.take(b"efgh"), Ok(vec![b"ef".to_vec()]), "no more than its length");
        assert!(response.is_complete());
        let mut response = Response::new(false);
        let blocks = response
            .take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nA: b\r\n\r\n");
        assert_eq!(blocks, Ok(vec![b"ab".to_vec(), b"cde".to_vec()]));
        assert!(response.is_complete());
    }

    #[test]
    fn how_it_is_cut_changes_nothing_of_an_answer() {
        type Answer = (&'static [u8], bool, u16, &'static [u8], bool);
        let answers: [Answer; 7] = [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false, 200, b"abc", true),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, 200, b"", true),
            (b"HTTP/1.0 200 OK\r\n\r\nabc", false, 200, b"abc", false),
            (b"HTTP/1.1 204 No Content\r\n\r\n", false, 204, b"", true),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n",
                false,
                404,
                b"",
                true,
            ),
            (
                b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                false,
                200,
                b"a",
                true,
            ),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false, 200, b"abc", false),
        ];
        for (bytes, head_only, status, body, complete) in answers {
            for step in 1..=bytes.len() {
                let got = read(bytes, step, head_only);
                let shown = String::from_utf8_lossy(bytes);
                assert_eq!(got, Ok((status, body.to_vec(), complete)), "in steps of {step}: {shown}");
            }
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for bad in [
            &b"SSH-2.0-OpenSSH_9\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab",
        ] {
            assert_eq!(read(bad, 1024, false), Err(Malformed), "{}", String::from_utf8_lossy(bad));
        }
        let endless = [b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'x'; MAX_HEAD]].concat();
        assert_eq!(read(&endless, 1024, false), Err(Malformed), "a head without an end");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_changed_answer_makes_nothing_panic_and_is_read_alike_in_any_steps(
            changes in prop::collection::vec((0usize..120, any::<u8>()), 0..4),
            step in 1usize..40,
        ) {
            let mut bytes =
                b"HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n".to_vec();
            for (at, byte) in changes {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            match (read(&bytes, bytes.len(), false), read(&bytes, step, false)) {
                // Of what is no answer more may come before that shows.
                (Err(_), Err(_)) => {}
                (one, other) => prop_assert_eq!(one, other),
            }
        }
    }
}
