//! The event-stream encoding of AWS (Amazon Transcribe guide, "Event stream encoding"; Smithy,
//! "Amazon event stream specification"): binary messages of headers and a payload, one after
//! the other, each with checksums.

use bytes::{BufMut, Bytes, BytesMut};
use crc32fast::hash;

/// The prelude: both lengths and their checksum.
const PRELUDE: usize = 12;

/// The message's own checksum.
const CHECKSUM: usize = 4;

/// Type 7 of a header's value: a string.
const STRING: u8 = 7;

/// One event: a message with the headers `:message-type`, `:event-type` and `:content-type`.
/// `payload` is far below the format's 4 GB; names and types are shorter than 256 bytes.
pub(crate) fn event(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    let headers =
        [(":event-type", event_type), (":content-type", content_type), (":message-type", "event")];
    let header_length: usize =
        headers.iter().map(|(name, value)| 1 + name.len() + 1 + 2 + value.len()).sum();
    let total = PRELUDE + header_length + payload.len() + CHECKSUM;
    let mut message = BytesMut::with_capacity(total);
    message.put_u32(length(total));
    message.put_u32(length(header_length));
    message.put_u32(hash(&message));
    for (name, value) in headers {
        message.put_u8(name.len() as u8);
        message.put_slice(name.as_bytes());
        message.put_u8(STRING);
        message.put_u16(value.len() as u16);
        message.put_slice(value.as_bytes());
    }
    message.put_slice(payload);
    message.put_u32(hash(&message));
    message.freeze()
}

fn length(length: usize) -> u32 {
    // No response is larger than `MAX_STREAMED_BYTES`.
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};

    use super::*;

    /// The SDK's own decoder reads both messages out of one buffer.
    #[test]
    fn messages_are_read_by_the_sdks_decoder() {
        let large = vec![b'x'; 100_000];
        let mut wire = BytesMut::new();
        wire.extend_from_slice(&event("PayloadChunk", "application/octet-stream", &large));
        wire.extend_from_slice(&event("InvokeComplete", "application/json", b"{}"));
        let mut decoder = MessageFrameDecoder::new();
        for (event_type, content_type, payload) in [
            ("PayloadChunk", "application/octet-stream", large.as_slice()),
            ("InvokeComplete", "application/json", b"{}"),
        ] {
            let DecodedFrame::Complete(message) = decoder.decode_frame(&mut wire).expect("valid")
            else {
                panic!("a whole message")
            };
            assert_eq!(message.payload(), payload);
            let header = |name: &str| {
                let mut found = message.headers().iter();
                let header = found.find(|header| header.name().as_str() == name).expect(name);
                header.value().as_string().expect("a string").as_str().to_owned()
            };
            assert_eq!(header(":event-type"), event_type);
            assert_eq!(header(":content-type"), content_type);
            assert_eq!(header(":message-type"), "event");
        }
        assert!(wire.is_empty());
    }
}
