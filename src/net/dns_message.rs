//! Messages of DNS (RFC 1035, 4.1) as they are read here, of mDNS, too.
//!
//! The parser reserves room for as many records as the header promises, megabytes for twelve bytes. So what a message can't hold
//! is not even looked at.

use simple_dns::{Packet, SimpleDnsError, header_buffer};

/// Bytes of the header.
const HEADER: usize = 12;
/// Fewest bytes of a question: the root's name, type and class.
const QUESTION: usize = 1 + 2 + 2;
/// Fewest bytes of a record: the root's name, type, class, time to live and length.
const RECORD: usize = 1 + 2 + 2 + 4 + 2;

/// The message in `bytes`.
///
/// # Errors
/// Its header promises more than it can hold ([`SimpleDnsError::InvalidDnsPacket`]), or it is malformed.
pub(super) fn parse_checked(bytes: &[u8]) -> Result<Packet<'_>, SimpleDnsError> {
    if bytes.len() < HEADER {
        return Err(SimpleDnsError::InsufficientData);
    }
    let questions = usize::from(header_buffer::questions(bytes)?);
    let records = usize::from(header_buffer::answers(bytes)?)
        + usize::from(header_buffer::name_servers(bytes)?)
        + usize::from(header_buffer::additional_records(bytes)?);
    if HEADER + questions * QUESTION + records * RECORD > bytes.len() {
        return Err(SimpleDnsError::InvalidDnsPacket);
    }
    #[expect(clippy::disallowed_methods, reason = "this is where it is checked first")]
    Packet::parse(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A query for the root's addresses, with these counts.
    fn query(counts: [u16; 4]) -> Vec<u8> {
        let header = [0x1234, 0].into_iter().chain(counts).flat_map(u16::to_be_bytes);
        header.chain([0, 0, 1, 0, 1]).collect()
    }

    #[test]
    fn a_header_that_promises_more_than_the_message_can_hold_is_refused_before_anything_is_read() {
        assert!(parse_checked(&query([1, 0, 0, 0])).is_ok_and(|packet| packet.questions.len() == 1));
        for section in 0..4 {
            for count in [2, 0xffff] {
                let mut counts = [1, 0, 0, 0];
                counts[section] = count;
                let refused = parse_checked(&query(counts)).err();
                assert!(
                    matches!(refused, Some(SimpleDnsError::InvalidDnsPacket)),
                    "section {section} with {count}: {refused:?}"
                );
            }
        }
        for length in 0..HEADER {
            assert!(parse_checked(&query([1, 0, 0, 0])[..length]).is_err(), "a header of {length} bytes");
        }
    }
}
