//! What happens to requests and responses of an API as a whole: logged, compressed.

use crate::node::Node;
use crate::read::Reader;

/// The property of REST APIs that has their responses compressed.
pub(super) const COMPRESSION: &str = "MinimumCompressionSize";

/// The format of `AccessLogSettings`. Its `DestinationArn` names a log group, which is not
/// there: the log is kept beside those of functions.
pub(super) fn access_log(reader: &Reader, name: &str, node: &Node) -> Option<String> {
    let settings = reader.map(name, node)?;
    reader.only(settings, &["DestinationArn", "Format"]);
    let format = node.get("Format")?;
    let format = reader.text(&format!("{name}.Format"), format)?.trim();
    (!format.is_empty()).then(|| format.to_owned())
}

/// From how many bytes on responses are compressed (API Gateway guide, "Enable payload
/// compression for an API").
pub(super) fn minimum_compression(reader: &Reader, node: &Node) -> Option<u32> {
    reader.integer(COMPRESSION, node, 0..=10_485_760, "bytes")
}
