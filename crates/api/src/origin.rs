//! Where a request comes from, as whoever accepted its connection says.
//!
//! Invariant: an address out of a header is here only when a listed proxy wrote that header.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::request::Parts;

/// What a request's connection is known by.
#[derive(Clone, Debug)]
pub struct Origin {
    address: IpAddr,
    has_session: Arc<AtomicBool>,
}

impl Origin {
    /// A request from that address; `has_session` becomes true once one of its connection has shown a valid session.
    pub fn new(address: IpAddr, has_session: Arc<AtomicBool>) -> Self {
        Self { address, has_session }
    }

    /// The address that is counted, when the listener has said it.
    pub(crate) fn network_of(parts: &Parts) -> Option<IpAddr> {
        parts
            .extensions
            .get::<Self>()
            .map(|origin| network(origin.address))
    }

    /// Notes that a request showed a valid session.
    pub(crate) fn showed_session(parts: &Parts) {
        if let Some(origin) = parts.extensions.get::<Self>() {
            origin.has_session.store(true, Ordering::Relaxed);
        }
    }
}

/// The address that limits count by: of IPv6 the first 64 bits, since one subscriber has at least that many addresses.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_is_one_address_to_every_limit() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
