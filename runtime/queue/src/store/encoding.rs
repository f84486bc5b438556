//! Keys and records as bytes.

use super::{Key, Seq};
use crate::core::Record;

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

pub(super) fn encode_record(record: Record) -> [u8; 28] {
    let mut bytes = [0; 28];
    bytes[..8].copy_from_slice(&record.sent_at.to_le_bytes());
    bytes[8..16].copy_from_slice(&record.visible_at.to_le_bytes());
    bytes[16..24].copy_from_slice(&record.first_received_at.to_le_bytes());
    bytes[24..].copy_from_slice(&record.receive_count.to_le_bytes());
    bytes
}

pub(super) fn decode_record(bytes: &[u8]) -> Option<Record> {
    let (sent_at, rest) = bytes.split_first_chunk()?;
    let (visible_at, rest) = rest.split_first_chunk()?;
    let (first_received_at, receive_count) = rest.split_first_chunk()?;
    Some(Record {
        sent_at: u64::from_le_bytes(*sent_at),
        visible_at: u64::from_le_bytes(*visible_at),
        first_received_at: u64::from_le_bytes(*first_received_at),
        receive_count: u32::from_le_bytes(receive_count.try_into().ok()?),
    })
}
