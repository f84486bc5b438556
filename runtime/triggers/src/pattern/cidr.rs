//! Blocks of IP addresses (RFC 4632, RFC 4291 section 2.3).

use std::net::IpAddr;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cidr {
    address: IpAddr,
    /// How many leading bits count.
    length: u32,
}

impl Cidr {
    /// Reads `10.0.0.0/24` or `2001:db8::/32`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let length = length.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        (length <= bits).then_some(Self { address, length })
    }

    pub(crate) fn contains(&self, address: &str) -> bool {
        let differing = match (self.address, address.parse()) {
            (IpAddr::V4(block), Ok(IpAddr::V4(address))) => {
                (block.to_bits() ^ address.to_bits()).leading_zeros()
            }
            (IpAddr::V6(block), Ok(IpAddr::V6(address))) => {
                (block.to_bits() ^ address.to_bits()).leading_zeros()
            }
            _ => return false,
        };
        differing >= self.length
    }
}
