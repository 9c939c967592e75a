//! The address of the client, decided in this one place.
//!
//! The TCP peer, unless that is a trusted proxy: then `X-Forwarded-For` is walked from the right to the first
//! address that is not one. A header from anybody else proves nothing and is ignored.

use super::limit::is_exempt;
use actix_web::HttpRequest;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// Networks whose `X-Forwarded-For` is believed.
#[derive(Debug)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    warned: AtomicBool,
}

impl TrustedProxies {
    pub fn new(networks: Vec<IpNet>) -> TrustedProxies {
        TrustedProxies { networks, warned: AtomicBool::new(false) }
    }

    /// Whether the request comes from this machine itself, which is not limited.
    pub fn is_exempt(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip());
        is_exempt(peer, request.headers().contains_key(FORWARDED_FOR))
    }

    /// Who sent the request.
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded = request.headers().get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
        let forwarded: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        if !forwarded.is_empty()
            && !self.trusts(peer.to_canonical())
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "a peer that is no trusted proxy sends X-Forwarded-For, which is ignored; if it is your proxy, \
                 add it to trusted_proxies"
            );
        }
        self.walk(peer, &forwarded)
    }

    fn walk(&self, peer: IpAddr, forwarded: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded.iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match address(hop.trim()) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// Some proxies add the port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| Some(hop.parse::<std::net::SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_hops_are_walked_and_from_the_right() {
        let proxies = TrustedProxies::new(["127.0.0.0/8", "10.0.0.0/8"].map(|n| n.parse().unwrap()).to_vec());
        for (peer, forwarded, client) in [
            ("203.0.113.9", vec!["1.1.1.1"], "203.0.113.9"),
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", vec!["6.6.6.6", " 203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", vec!["203.0.113.9", "10.1.1.1"], "203.0.113.9"),
            ("::ffff:127.0.0.1", vec!["::ffff:203.0.113.9"], "203.0.113.9"),
            ("127.0.0.1", vec!["203.0.113.9", "junk"], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.9:5678"], "203.0.113.9"),
            ("127.0.0.1", vec!["[2001:db8::9]:5678"], "2001:db8::9"),
        ] {
            let found = proxies.walk(peer.parse().unwrap(), &forwarded);
            assert_eq!(found.to_string(), client, "{peer} {forwarded:?}");
        }
    }
}
