//! Packets on their way in: esp-mqtt's buffer, and messages that do not fit into it.
//!
//! A packet is read to its end, or as far as the buffer goes. A message beyond that comes in pieces, each as long as what
//! one read of the socket gives.

use crate::net::mqtt::wire::{Framed, frame};

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A packet that is no message, whole.
    Packet(Vec<u8>),
    /// A piece of a message.
    Piece(Piece),
}

/// A piece of a message.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The message's topic, with every piece.
    pub topic: Vec<u8>,
    /// The piece.
    pub data: Vec<u8>,
    /// With the last piece, and with QoS 1 or 2: the QoS and the message's number, which is to be acknowledged now.
    pub acknowledge: Option<(u8, u16)>,
}

/// A message of which more is to come.
#[derive(Debug)]
struct Rest {
    topic: Vec<u8>,
    left: usize,
    acknowledge: Option<(u8, u16)>,
}

/// Why the connection ends: the line of the log port.
pub type Mistake = &'static str;

/// The reader of one connection.
#[derive(Debug)]
pub struct Reader {
    size: usize,
    buffer: Vec<u8>,
    rest: Option<Rest>,
}

impl Reader {
    /// With a buffer of so many bytes.
    pub fn new(size: usize) -> Reader {
        Reader { size, buffer: Vec::new(), rest: None }
    }

    /// How many bytes it would take now, at most. 0: [`Reader::next`] has something.
    pub fn wants(&self) -> usize {
        if let Some(rest) = &self.rest {
            return if self.buffer.is_empty() { rest.left.min(self.size) } else { 0 };
        }
        match frame(&self.buffer) {
            Framed::Partial => 1,
            Framed::Known { total, .. } => total.min(self.size) - self.buffer.len(),
            Framed::Bad => 0,
        }
    }

    /// What has come, no more than it [wants](Reader::wants).
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// How long the line is that the next piece of a message makes, without what stands around it, when there is one.
    pub fn next_length(&self) -> Option<usize> {
        if self.wants() > 0 {
            return None;
        }
        let topic = self.rest.as_ref().map_or(0, |rest| rest.topic.len());
        Some(topic + self.buffer.len())
    }

    /// What has come, as soon as it is whole.
    ///
    /// # Errors
    /// What has come is no MQTT, or does not fit.
    pub fn next(&mut self) -> Result<Option<Arrival>, Mistake> {
        if self.wants() > 0 {
            return Ok(None);
        }
        let bytes = std::mem::take(&mut self.buffer);
        if let Some(mut rest) = self.rest.take() {
            rest.left -= bytes.len();
            return Ok(Some(Arrival::Piece(self.piece(rest, bytes))));
        }
        let Framed::Known { header, total } = frame(&bytes) else {
            return Err("esp_mqtt_handle_transport_read_error: malformed packet");
        };
        let first = bytes[0];
        if first >> 4 != 3 {
            return if total > self.size {
                Err("message is too big, insufficient buffer size")
            } else {
                Ok(Some(Arrival::Packet(bytes)))
            };
        }
        let qos = first >> 1 & 3;
        let malformed = "deliver_publish: mqtt_get_publish_topic() failed";
        let number = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let length = number(header).ok_or(malformed)?;
        let end = header + 2 + usize::from(length);
        let topic = bytes.get(header + 2..end).ok_or(malformed)?.to_vec();
        let (acknowledge, start) = match qos {
            0 => (None, end),
            _ => (Some((qos, number(end).ok_or(malformed)?)), end + 2),
        };
        let data = bytes.get(start..).ok_or(malformed)?.to_vec();
        let rest = Rest { topic, left: total - bytes.len(), acknowledge };
        Ok(Some(Arrival::Piece(self.piece(rest, data))))
    }

    /// A piece; what is left of the message is kept.
    fn piece(&mut self, rest: Rest, data: Vec<u8>) -> Piece {
        if rest.left == 0 {
            return Piece { topic: rest.topic, data, acknowledge: rest.acknowledge };
        }
        let topic = rest.topic.clone();
        self.rest = Some(rest);
        Piece { topic, data, acknowledge: None }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packets::publish;
    use super::*;
    use proptest::prelude::*;

    /// Reads everything, of which so many bytes come at a time.
    fn read(size: usize, bytes: &[u8], at_once: usize) -> Result<Vec<Arrival>, Mistake> {
        let (mut reader, mut rest, mut all) = (Reader::new(size), bytes, Vec::new());
        loop {
            if let Some(arrival) = reader.next()? {
                all.push(arrival);
                continue;
            }
            let take = reader.wants().min(rest.len()).min(at_once);
            if take == 0 {
                return Ok(all);
            }
            reader.push(&rest[..take]);
            rest = &rest[take..];
        }
    }

    fn lengths(arrivals: &[Arrival]) -> Vec<usize> {
        let length = |a: &Arrival| match a {
            Arrival::Piece(piece) => piece.data.len(),
            Arrival::Packet(_) => panic!("a packet among the pieces"),
        };
        arrivals.iter().map(length).collect()
    }

    #[test]
    fn a_message_longer_than_the_buffer_comes_in_pieces_as_a_log_shows() {
        // esp-at#686: a topic of 31 bytes, 1262 bytes of payload, QoS 1: 986 and 276.
        let message = publish(&[b't'; 31], &[b'x'; 1262], 7, 1, false);
        let got = read(1024, &message, usize::MAX).expect("a message");
        assert_eq!(lengths(&got), [986, 276]);
        let Arrival::Piece(last) = &got[1] else { panic!("no piece") };
        assert_eq!(
            (last.topic.len(), last.acknowledge),
            (31, Some((1, 7))),
            "acknowledged with the last piece"
        );
        let Arrival::Piece(first) = &got[0] else { panic!("no piece") };
        assert_eq!(first.acknowledge, None);
        assert_eq!(lengths(&read(512, &message, usize::MAX).expect("a message")), [474, 512, 276]);
    }

    #[test]
    fn what_follows_a_message_is_read_after_it() {
        let mut bytes = publish(b"t", b"", 0, 0, false);
        bytes.extend([0xd0, 0]);
        let empty = Arrival::Piece(Piece { topic: b"t".to_vec(), data: Vec::new(), acknowledge: None });
        assert_eq!(read(1024, &bytes, 1), Ok(vec![empty, Arrival::Packet(vec![0xd0, 0])]));
    }

    #[test]
    fn a_topic_that_does_not_fit_and_no_mqtt_end_the_connection() {
        assert!(read(512, &publish(&[b't'; 600], b"x", 0, 0, false), 700).is_err());
        assert!(read(512, b"\x20\xff\xff\xff\xff\xff", 700).is_err());
        assert!(read(512, &[&[0x90, 0x80, 0x08][..], &[0; 1024]].concat(), 700).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever comes: no panic, no piece beyond the buffer, and nothing is lost or invented of a message.
        #[test]
        fn any_bytes_are_read(mut bytes in proptest::collection::vec(any::<u8>(), 0..3000), at_once in 1usize..2000) {
            if let Ok(all) = read(512, &bytes, at_once) {
                let fits = |arrival: &Arrival| match arrival {
                    Arrival::Packet(packet) => packet.len() <= 512,
                    Arrival::Piece(piece) => piece.data.len() <= 512,
                };
                prop_assert!(all.iter().all(fits), "a piece is longer than the buffer");
            }
            bytes.truncate(2000);
            let message = publish(b"topic", &bytes, 3, 2, true);
            let all = read(512, &message, at_once).expect("a message");
            let joined: Vec<u8> = all.iter().flat_map(|a| match a {
                Arrival::Piece(p) => p.data.clone(),
                Arrival::Packet(_) => Vec::new(),
            }).collect();
            prop_assert_eq!(joined, bytes);
        }
    }
}
