//! `Fn::Cidr`.

use std::net::IpAddr;

use super::{Resolved, Resolver};
use crate::node::{Node, Place, Value};
use crate::report::Fault;

/// `[ipBlock, count, cidrBits]`: `count` blocks (1 to 256) of `cidrBits` host bits, one after the
/// other from the start of the block.
pub(super) fn cidr(resolver: &Resolver, argument: &Node, at: Place) -> Resolved<Node> {
    let (block, count, bits) = match argument.as_list() {
        Some([block, count]) => (block, count, None),
        Some([block, count, bits]) => (block, count, Some(bits)),
        _ => {
            let message = "`Fn::Cidr` takes a list of an IP block, a count and host bits";
            return Err(Fault::new(argument.at, message)
                .help("write `!Cidr [10.0.0.0/16, 4, 8]`".to_owned())
                .into());
        }
    };
    let number = |node: &Node| -> Resolved<u32> {
        let text = resolver.text("Fn::Cidr", node)?;
        text.parse().map_err(|_| {
            Fault::new(node.at, format!("`Fn::Cidr` needs a whole number, not `{text}`")).into()
        })
    };
    let text = resolver.text("Fn::Cidr", block)?;
    let parsed = text.split_once('/').and_then(|(address, prefix)| {
        let address: IpAddr = address.parse().ok()?;
        let prefix: u32 = prefix.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        (prefix <= width).then_some((address, prefix, width))
    });
    let Some((address, prefix, width)) = parsed else {
        let shown: String = text.chars().take(60).collect();
        let message = format!("`{shown}` is not an IP block");
        return Err(Fault::new(block.at, message).help("as in `10.0.0.0/16`".to_owned()).into());
    };
    let wanted = number(count)?;
    let host_bits = match bits {
        Some(bits) => number(bits)?,
        None if width == 32 => 8,
        None => 64,
    };
    let room = width - prefix;
    let fits = host_bits >= 1
        && host_bits <= room
        && (room - host_bits >= 8 || wanted <= 1 << (room - host_bits));
    if !(1..=256).contains(&wanted) || !fits {
        let message = format!("`{text}` has no room for {wanted} blocks of {host_bits} host bits");
        return Err(Fault::new(at, message).into());
    }
    let base = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    // A shift by the whole width (a prefix of 0 in IPv6) has no value, and keeps no bit.
    let base = base & u128::MAX.checked_shl(room).unwrap_or(0);
    let blocks = (0..u128::from(wanted)).map(|index| {
        let start = base + index.checked_shl(host_bits).unwrap_or(0);
        let address = match u32::try_from(start) {
            Ok(bits) if width == 32 => IpAddr::V4(bits.into()),
            _ => IpAddr::V6(start.into()),
        };
        Node::text(format!("{address}/{}", width - host_bits), at)
    });
    Ok(Node { value: Value::List(blocks.collect()), at })
}
