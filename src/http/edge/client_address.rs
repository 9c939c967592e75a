//! The address of the client, decided in this one place.
//!
//! The TCP peer, unless that is a trusted proxy: then `X-Forwarded-For` is walked from the right to the first
//! address that is not one. A header from anybody else proves nothing and is ignored.

use super::limit::is_exempt;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use ipnet::IpNet;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// More kinds of browsers than one person tries out on one machine.
const MANY_BROWSERS: usize = 20;
static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Networks whose `X-Forwarded-For` is believed.
#[derive(Debug)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    warned: AtomicBool,
    /// Browsers that this machine itself seems to have, as hashes of their user agents.
    browsers_here: Mutex<HashSet<u64>>,
    is_hiding: AtomicBool,
}

impl TrustedProxies {
    /// Trusts what comes from these networks.
    pub fn new(networks: Vec<IpNet>) -> TrustedProxies {
        TrustedProxies {
            networks,
            warned: AtomicBool::new(false),
            browsers_here: Mutex::default(),
            is_hiding: AtomicBool::new(false),
        }
    }

    /// Whether the request comes from this machine itself, which is not limited.
    pub fn is_exempt(&self, request: &HttpRequest) -> bool {
        let peer = request.peer_addr().map(|peer| peer.ip());
        is_exempt(peer, request.headers().contains_key(&FORWARDED_FOR))
    }

    /// Notes the user agent of a page's request that is said to come from this machine itself. A machine with
    /// many browsers is a proxy that hides its clients: all of them are taken for one, without a limit, and
    /// this is said in the log once.
    pub fn note_browser_here(&self, user_agent: &[u8]) {
        if self.is_hiding.load(Ordering::Relaxed) {
            return;
        }
        let mut hasher = DefaultHasher::new();
        user_agent.hash(&mut hasher);
        let mut browsers = self.browsers_here.lock().unwrap_or_else(PoisonError::into_inner);
        browsers.insert(hasher.finish());
        if browsers.len() >= MANY_BROWSERS && !self.is_hiding.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a proxy on this machine forwards without X-Forwarded-For, so all visitors look like this \
                machine: places, limits and cookieless visitors are wrong; have the proxy send the header"
            );
        }
    }

    /// Who sent the request.
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let forwarded = request.headers().get_all(&FORWARDED_FOR).filter_map(|value| value.to_str().ok());
        let forwarded: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        if !forwarded.is_empty()
            && !self.trusts(peer.to_canonical())
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "a peer that is no trusted proxy sends X-Forwarded-For, which is ignored; if it is your \
                proxy, add it to trusted_proxies"
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
    fn a_machine_with_many_browsers_is_seen_to_be_a_proxy() {
        let proxies = TrustedProxies::new(Vec::new());
        let is_hiding = || proxies.is_hiding.load(Ordering::Relaxed);
        for number in 0..MANY_BROWSERS - 1 {
            proxies.note_browser_here(format!("browser {number}").as_bytes());
            proxies.note_browser_here(b"browser 0");
        }
        assert!(!is_hiding());
        proxies.note_browser_here(b"one more");
        assert!(is_hiding());
    }

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
