//! What a simulated visitor browses with, and from where: the same for all that the visitor does.

use fastrand::Rng;
use std::net::Ipv4Addr;

/// More of what there is more of.
const USER_AGENTS: [&str; 8] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Mobile/15E148 MicroMessenger/8.0.60(0x18003c2f) NetType/WIFI Language/zh_CN",
    "Mozilla/5.0 (Linux; Android 14; 22081212C Build/UKQ1.230917.001; wv) AppleWebKit/537.36 (KHTML, like \
    Gecko) Version/4.0 Chrome/126.0.6478.188 Mobile Safari/537.36 MicroMessenger/8.0.60.2701(0x28003c52) \
    WeChat/arm64 Weixin NetType/5G Language/zh_CN ABI/arm64",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile \
    Safari/537.36",
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 \
    Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 \
    Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 \
    Safari/537.36 Edg/146.0.0.0",
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 \
     Mobile/15E148 Safari/604.1",
];
/// First address and size of networks of large providers: four in China, then Singapore, Japan, the United
/// States and Germany.
const NETWORKS: [(Ipv4Addr, u32); 8] = [
    (Ipv4Addr::new(114, 80, 0, 0), 1 << 19),
    (Ipv4Addr::new(183, 0, 0, 0), 1 << 20),
    (Ipv4Addr::new(223, 64, 0, 0), 1 << 20),
    (Ipv4Addr::new(36, 96, 0, 0), 1 << 20),
    (Ipv4Addr::new(116, 14, 0, 0), 1 << 16),
    (Ipv4Addr::new(126, 64, 0, 0), 1 << 20),
    (Ipv4Addr::new(73, 0, 0, 0), 1 << 20),
    (Ipv4Addr::new(91, 0, 0, 0), 1 << 20),
];

/// A simulated visitor's browser and address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shopper {
    pub user_agent: &'static str,
    pub address: Ipv4Addr,
}

impl Shopper {
    /// The shopper behind a visitor's number.
    pub fn of(number: u64) -> Shopper {
        let random = &mut Rng::with_seed(number);
        // The smaller of two throws: the first ones come most often.
        let mut often = |most: usize| random.usize(..most).min(random.usize(..most));
        let user_agent = USER_AGENTS[often(USER_AGENTS.len())];
        let (first, size) = NETWORKS[often(NETWORKS.len())];
        let address = Ipv4Addr::from(u32::from(first) + random.u32(..size));
        Shopper { user_agent, address }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_number_decides_the_shopper_and_all_kinds_come() {
        assert_eq!(Shopper::of(7), Shopper::of(7));
        let shoppers: Vec<Shopper> = (0..1_000).map(Shopper::of).collect();
        let user_agents: HashSet<_> = shoppers.iter().map(|shopper| shopper.user_agent).collect();
        let first_bytes: HashSet<_> = shoppers.iter().map(|shopper| shopper.address.octets()[0]).collect();
        assert_eq!((user_agents.len(), first_bytes.len()), (USER_AGENTS.len(), NETWORKS.len()));
    }
}
