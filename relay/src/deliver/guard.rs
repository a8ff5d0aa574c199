//! Where a URL may lead: the address that is connected to is judged, whatever name it has.
//!
//! A name is judged as it is resolved for the connection, so it cannot change in between; an address in a URL is never resolved, and is judged by
//! itself.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper::Uri;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// Whose URL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The operator's: it may lead anywhere.
    Trusted,
    /// Anybody's: private, loopback, link-local and other addresses of no public host are refused.
    Public,
}

/// An address that a URL must not lead to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is at {address}, which is no public address; if that is meant, allow private addresses")]
pub struct Refused {
    pub host: String,
    pub address: IpAddr,
}

impl Guard {
    /// Judges a URL whose host is an address.
    pub fn check(self, url: &Uri) -> Result<(), Refused> {
        let host = url.host().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(address) if self == Guard::Public && !is_public(address) => Err(Refused { host: host.to_owned(), address }),
            _ => Ok(()),
        }
    }

    /// Those addresses of a host that may be connected to; an error if there is none.
    fn permitted(self, host: &str, addresses: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let (permitted, refused): (Vec<_>, Vec<_>) = addresses.partition(|address| self == Guard::Trusted || is_public(address.ip()));
        match refused.first() {
            Some(address) if permitted.is_empty() => Err(Refused { host: host.to_owned(), address: address.ip() }),
            _ => Ok(permitted),
        }
    }
}

/// Whether an address can be a host's on the public internet ("IANA Special-Purpose Address Registries").
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        // Multicast, reserved, broadcast.
        _ => a >= 224,
    };
    !special
}

/// Global unicast is 2000::/3, which leaves NAT64 out, too: that leads wherever the translator's own network does. A mapped IPv4 address is
/// judged by itself.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match address.segments() {
        // Protocol assignments (Teredo among them), 6to4, and documentation, twice.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Resolves the names of hosts for connections, and gives only addresses that may be connected to.
#[derive(Debug, Clone)]
pub struct Resolver {
    guard: Guard,
    system: GaiResolver,
}

impl Resolver {
    pub fn new(guard: Guard) -> Resolver {
        Resolver { guard, system: GaiResolver::new() }
    }
}

type Resolving = Pin<Box<dyn Future<Output = Result<IntoIter<SocketAddr>, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Resolving;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.system.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (guard, host) = (self.guard, name.as_str().to_owned());
        let resolving = self.system.call(name);
        Box::pin(async move { Ok(guard.permitted(&host, resolving.await?)?.into_iter()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_public_hosts_are_public() {
        for address in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "169.253.0.1", "192.0.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["198.17.0.1", "198.20.0.1", "223.255.255.254", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_judged_and_the_operators_is_not() {
        for url in ["http://127.0.0.1:1/", "https://[::1]/", "http://[::ffff:10.0.0.1]/x", "http://169.254.169.254/latest"] {
            let url: Uri = url.parse().unwrap();
            assert!(Guard::Public.check(&url).unwrap_err().to_string().contains("no public address"), "{url}");
            assert_eq!(Guard::Trusted.check(&url), Ok(()));
        }
        assert_eq!(Guard::Public.check(&"http://1.1.1.1/".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_name_gives_its_public_addresses_alone() {
        let [public, private]: [SocketAddr; 2] = ["1.1.1.1:0", "10.0.0.1:0"].map(|address| address.parse().unwrap());
        assert_eq!(Guard::Public.permitted("a", [private, public].into_iter()), Ok(vec![public]));
        assert_eq!(Guard::Public.permitted("a", [private].into_iter()).unwrap_err().address, private.ip());
        assert_eq!(Guard::Trusted.permitted("a", [private].into_iter()), Ok(vec![private]));
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused() {
        let resolve = |guard| {
            let mut resolver = Resolver::new(guard);
            async move { resolver.call("localhost".parse().unwrap()).await.map(Iterator::count).map_err(|error| error.to_string()) }
        };
        assert!(resolve(Guard::Public).await.unwrap_err().contains("localhost is at"));
        assert!(resolve(Guard::Trusted).await.unwrap() > 0);
    }
}
