//! From which address a request comes, and which addresses are one client.

use axum::http::Request;
use std::net::{IpAddr, Ipv6Addr};

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The address that a request comes from; where proxies of the settings passed it on, the one that they name. None where
/// there is no connection.
#[must_use]
pub fn address<B>(request: &Request<B>, proxies: &[IpAddr]) -> Option<IpAddr> {
    let Peer(peer) = request.extensions().get::<Peer>()?;
    let is_proxy = |address: &IpAddr| proxies.contains(&address.to_canonical());
    if !is_proxy(peer) {
        return Some(peer.to_canonical());
    }
    // Each proxy adds at the end whom it was asked by, so the last that is not a proxy of ours is who asked.
    let passed_on = request.headers().get_all("x-forwarded-for");
    let mut named: Vec<&str> = passed_on
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    while let Some(last) = named.pop() {
        match last.trim().parse::<IpAddr>() {
            Ok(address) if is_proxy(&address) => {}
            Ok(address) => return Some(address.to_canonical()),
            Err(_) => break,
        }
    }
    Some(peer.to_canonical())
}

/// An address as one client: of IPv6 the network, which one client has many addresses of.
#[must_use]
pub fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_named_by_our_own_proxies_alone() {
        let proxies: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "10.0.0.9".parse().unwrap()];
        let from = |peer: &str, passed_on: &str| {
            let mut request = Request::new(axum::body::Body::empty());
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            let passed_on = passed_on.parse().unwrap();
            request.headers_mut().insert("x-forwarded-for", passed_on);
            address(&request, &proxies).unwrap().to_string()
        };
        assert_eq!(from("127.0.0.1", "10.1.1.1"), "10.1.1.1");
        assert_eq!(from("127.0.0.1", "6.6.6.6, 10.1.1.1, 10.0.0.9"), "10.1.1.1");
        assert_eq!(from("192.0.2.7", "10.1.1.1"), "192.0.2.7");
        assert_eq!(from("127.0.0.1", "10.1.1.1, nonsense"), "127.0.0.1");
    }
}
