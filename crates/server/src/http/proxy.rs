//! Proxies that are trusted to say whom they speak for.
//!
//! Invariant: a header is read only when the connection comes from a listed proxy, and only as far as listed proxies
//! wrote it; two headers that disagree are both left unread.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Addresses looked at in a header, from its end.
const HOPS_MAX: usize = 16;

/// A range of addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    bits: u32,
}

impl FromStr for Cidr {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: &str = "no address range like 192.0.2.0/24 or 2001:db8::1";
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(at, bits)| (at, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| BAD)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| BAD))?;
        match bits <= most {
            true => Ok(Self { address, bits }),
            false => Err(BAD),
        }
    }
}

impl Cidr {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - self.bits;
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - self.bits;
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// The listed proxies.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Cidr>);

impl Proxies {
    /// These.
    pub fn new(listed: Vec<Cidr>) -> Self {
        Self(listed)
    }

    /// Whether an address is a listed proxy's.
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|range| range.contains(address))
    }

    /// Who speaks: the peer, or behind a listed proxy whom it names.
    pub fn speaker(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.has(peer) {
            return peer;
        }
        let values = |name| {
            let values = headers.get_all(name).iter();
            values.map(|value| value.to_str().unwrap_or_default())
        };
        let old = self.last_stranger(
            values(X_FORWARDED_FOR)
                .flat_map(|value| value.split(','))
                .map(address),
        );
        let new = self.last_stranger(
            values(header::FORWARDED)
                .flat_map(|value| value.split(','))
                .map(named_for),
        );
        match (old, new) {
            (Some(old), Some(new)) if old != new => peer,
            (old, new) => old.or(new).unwrap_or(peer),
        }
    }

    /// The last one that is no listed proxy: what stands before it, anybody may have written.
    fn last_stranger(&self, hops: impl Iterator<Item = Option<IpAddr>>) -> Option<IpAddr> {
        let hops: Vec<_> = hops.collect();
        for hop in hops.into_iter().rev().take(HOPS_MAX) {
            let hop = hop?;
            if !self.has(hop) {
                return Some(hop);
            }
        }
        None
    }
}

/// An address, as `X-Forwarded-For` has it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('[') {
        return inner.split_once(']')?.0.parse().ok();
    }
    let bare = match text.split_once(':') {
        Some((before, port)) if !port.contains(':') => before,
        _ => text,
    };
    bare.parse().ok()
}

/// The address of one element of `Forwarded` (RFC 7239).
fn named_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(peer: &str, pairs: &[(HeaderName, &'static str)]) -> String {
        let proxies = Proxies::new(vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::1".parse().unwrap(),
        ]);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), value.parse().unwrap());
        }
        proxies.speaker(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_listed_proxy_is_asked_whom_it_speaks_for() {
        let named = [(X_FORWARDED_FOR, "192.0.2.7")];
        assert_eq!(speaker("10.1.2.3", &named), "192.0.2.7");
        assert_eq!(speaker("2001:db8::1", &named), "192.0.2.7");
        assert_eq!(speaker("198.51.100.1", &named), "198.51.100.1");
        assert_eq!(speaker("10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn what_a_stranger_wrote_before_the_proxy_counts_for_nothing() {
        let invented = [(X_FORWARDED_FOR, "203.0.113.5, 192.0.2.7, 10.0.0.9")];
        assert_eq!(speaker("10.1.2.3", &invented), "192.0.2.7");
        let broken = [(X_FORWARDED_FOR, "192.0.2.7, nonsense")];
        assert_eq!(speaker("10.1.2.3", &broken), "10.1.2.3");
        let twice = [(X_FORWARDED_FOR, "203.0.113.5"), (X_FORWARDED_FOR, "192.0.2.7")];
        assert_eq!(speaker("10.1.2.3", &twice), "192.0.2.7");
        let both = [
            (X_FORWARDED_FOR, "192.0.2.7"),
            (header::FORWARDED, "for=203.0.113.5"),
        ];
        assert_eq!(speaker("10.1.2.3", &both), "10.1.2.3");
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let of = |value| speaker("10.1.2.3", &[(header::FORWARDED, value)]);
        assert_eq!(of("for=192.0.2.60;proto=http;by=10.1.2.3"), "192.0.2.60");
        assert_eq!(of("For=\"[2001:db8:cafe::17]:4711\""), "2001:db8:cafe::17");
        assert_eq!(of("for=192.0.2.43, for=198.51.100.17:80"), "198.51.100.17");
        assert_eq!(of("for=unknown"), "10.1.2.3");
    }

    #[test]
    fn ranges_are_read_and_bad_ones_refused() {
        let has =
            |range: &str, address: &str| range.parse::<Cidr>().unwrap().contains(address.parse().unwrap());
        assert!(has("0.0.0.0/0", "192.0.2.1") && has("::/0", "2001:db8::1"));
        assert!(has("192.0.2.128/25", "192.0.2.200") && !has("192.0.2.128/25", "192.0.2.100"));
        assert!(!has("0.0.0.0/0", "2001:db8::1"));
        for bad in [
            "",
            "192.0.2.0/33",
            "192.0.2/24",
            "2001:db8::/129",
            "192.0.2.0/x",
            "proxy",
        ] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
