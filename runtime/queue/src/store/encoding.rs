//! Keys and records as bytes.

use super::{Key, Seq};
use crate::core::{Accepted, Attempt, Record};

/// Big-endian, so that the order of the bytes is that of the queues and sequences.
pub(super) fn encode_key(key: Key) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&key.queue.to_be_bytes());
    bytes[8..].copy_from_slice(&key.seq.to_be_bytes());
    bytes
}

pub(super) fn decode_key(bytes: &[u8]) -> Option<Key> {
    let (queue, seq) = bytes.split_first_chunk()?;
    Some(Key { queue: u64::from_be_bytes(*queue), seq: Seq::from_be_bytes(seq.try_into().ok()?) })
}

/// The length of a record as format 2 has it.
const RECORD_BYTES: usize = 44;

/// A record as format 2 has it. Format 1 ended after the receive count.
pub(super) fn encode_record(record: Record) -> [u8; RECORD_BYTES] {
    let mut bytes = [0; RECORD_BYTES];
    bytes[..8].copy_from_slice(&record.sent_at.to_le_bytes());
    bytes[8..16].copy_from_slice(&record.visible_at.to_le_bytes());
    bytes[16..24].copy_from_slice(&record.first_received_at.to_le_bytes());
    bytes[24..28].copy_from_slice(&record.receive_count.to_le_bytes());
    bytes[28..36].copy_from_slice(&record.received_at.to_le_bytes());
    bytes[36..].copy_from_slice(&record.group.to_le_bytes());
    bytes
}

pub(super) fn decode_record(bytes: &[u8]) -> Option<Record> {
    let (sent_at, rest) = bytes.split_first_chunk()?;
    let (visible_at, rest) = rest.split_first_chunk()?;
    let (first_received_at, rest) = rest.split_first_chunk()?;
    let (receive_count, rest) = rest.split_first_chunk()?;
    let first_received_at = u64::from_le_bytes(*first_received_at);
    let (received_at, group) = match rest.split_first_chunk() {
        Some((received_at, group)) => {
            (u64::from_le_bytes(*received_at), u64::from_le_bytes(group.try_into().ok()?))
        }
        None if rest.is_empty() => (first_received_at, 0),
        None => return None,
    };
    Some(Record {
        sent_at: u64::from_le_bytes(*sent_at),
        visible_at: u64::from_le_bytes(*visible_at),
        first_received_at,
        received_at,
        receive_count: u32::from_le_bytes(*receive_count),
        group,
    })
}

pub(super) fn encode_accepted(accepted: Accepted) -> [u8; 40] {
    let mut bytes = [0; 40];
    bytes[..16].copy_from_slice(&accepted.key);
    bytes[16..32].copy_from_slice(&accepted.message_id);
    bytes[32..].copy_from_slice(&accepted.at.to_le_bytes());
    bytes
}

pub(super) fn decode_accepted(bytes: &[u8]) -> Option<Accepted> {
    let (key, rest) = bytes.split_first_chunk()?;
    let (message_id, at) = rest.split_first_chunk()?;
    let at = u64::from_le_bytes(at.try_into().ok()?);
    Some(Accepted { key: *key, message_id: *message_id, at })
}

/// The time, then sequence and record of each message.
pub(super) fn encode_attempt(attempt: &Attempt) -> Vec<u8> {
    let mut bytes = attempt.at.to_le_bytes().to_vec();
    for (seq, record) in &attempt.taken {
        bytes.extend(seq.to_le_bytes());
        bytes.extend(encode_record(*record));
    }
    bytes
}

pub(super) fn decode_attempt(bytes: &[u8]) -> Option<Attempt> {
    let (at, rest) = bytes.split_first_chunk()?;
    let taken = rest.chunks(8 + RECORD_BYTES).map(|bytes| {
        let (seq, record) = bytes.split_first_chunk()?;
        let record = Some(record).filter(|record| record.len() == RECORD_BYTES)?;
        Some((Seq::from_le_bytes(*seq), decode_record(record)?))
    });
    Some(Attempt { at: u64::from_le_bytes(*at), taken: taken.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let record = Record {
            sent_at: 1,
            visible_at: u64::MAX,
            first_received_at: 3,
            received_at: 4,
            receive_count: 5,
            group: 6,
        };
        assert_eq!(decode_record(&encode_record(record)), Some(record));
        let first_format = Record { received_at: 3, group: 0, ..record };
        assert_eq!(decode_record(&encode_record(record)[..28]), Some(first_format));
        for length in (0..44).filter(|length| *length != 28) {
            assert_eq!(decode_record(&encode_record(record)[..length]), None, "{length}");
        }
        let accepted = Accepted { key: [7; 16], message_id: [8; 16], at: 9 };
        assert_eq!(decode_accepted(&encode_accepted(accepted)), Some(accepted));
        assert_eq!(decode_accepted(&encode_accepted(accepted)[..39]), None);
        for taken in [vec![], vec![(10, record)], vec![(10, record), (11, first_format)]] {
            let attempt = Attempt { at: 12, taken };
            let bytes = encode_attempt(&attempt);
            assert_eq!(decode_attempt(&bytes), Some(attempt));
            assert_eq!(decode_attempt(&bytes[..bytes.len() - 1]), None);
        }
    }
}
