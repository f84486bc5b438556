//! Receipt handles.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{ErrorKind, QueueError, core::Seq};

/// Names one receive of one message. On the wire it is opaque: base64 of a format byte, the
/// queue's id, the message's sequence and its receive count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) queue: u64,
    pub(crate) seq: Seq,
    pub(crate) receive_count: u32,
}

const FORMAT: u8 = 1;

impl Receipt {
    pub(crate) fn encode(self) -> String {
        let mut bytes = [0; 21];
        bytes[0] = FORMAT;
        bytes[1..9].copy_from_slice(&self.queue.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.seq.to_be_bytes());
        bytes[17..].copy_from_slice(&self.receive_count.to_be_bytes());
        STANDARD.encode(bytes)
    }

    /// Reads a handle that was given out by the queue with the id `queue`; any other is
    /// `ReceiptHandleIsInvalid`.
    pub(crate) fn decode(handle: &str, queue: u64) -> Result<Self, QueueError> {
        if handle.is_empty() {
            return Err(QueueError::missing_parameter("ReceiptHandle"));
        }
        Self::parse(handle).filter(|receipt| receipt.queue == queue).ok_or_else(|| {
            QueueError::new(
                ErrorKind::ReceiptHandleIsInvalid,
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
            )
        })
    }

    fn parse(handle: &str) -> Option<Self> {
        let bytes: [u8; 21] = STANDARD.decode(handle).ok()?.try_into().ok()?;
        let ([FORMAT], rest) = bytes.split_first_chunk()? else { return None };
        let (queue, rest) = rest.split_first_chunk()?;
        let (seq, receive_count) = rest.split_first_chunk()?;
        Some(Self {
            queue: u64::from_be_bytes(*queue),
            seq: u64::from_be_bytes(*seq),
            receive_count: u32::from_be_bytes(receive_count.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_survive_the_wire_and_garbage_is_refused() {
        let receipt = Receipt { queue: 7, seq: u64::MAX - 1, receive_count: 3 };
        let handle = receipt.encode();
        assert_eq!(Receipt::decode(&handle, 7), Ok(receipt));
        for wrong in ["garbage", "AAAA", &handle[1..], &handle[..8], "é"] {
            let error = Receipt::decode(wrong, 7).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ReceiptHandleIsInvalid, "{wrong}");
        }
        let error = Receipt::decode(&handle, 8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReceiptHandleIsInvalid);
        assert_eq!(Receipt::decode("", 7).unwrap_err().kind(), ErrorKind::MissingParameter);
    }
}
