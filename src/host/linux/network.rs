//! Addresses, and what moves with them.

use std::net::IpAddr;

use super::LinuxHost;
use super::edit::hosts;
use super::edit::networkd;
use super::edit::networkd::Wanted;
use super::look::Look;
use super::operation::Kind;
use super::operation::Values;
use super::unsupported;
use crate::host::Adapter;
use crate::host::DropOld;
use crate::host::HostErrorKind;
use crate::host::NetworkChange;
use crate::host::Part;

const MAP: &str = include_str!("scripts/map.sh");

impl LinuxHost {
    pub(super) async fn mapping_parts(
        &self,
        change: &NetworkChange,
    ) -> Result<Vec<Part>, HostErrorKind> {
        let look = self.look().await?;
        let adapter = adapter(&look, &change.adapter)?;
        let missing: Vec<&String> = change
            .addresses
            .iter()
            .filter(|a| !adapter.addresses.contains(a))
            .collect();
        let old: Vec<&String> = adapter
            .addresses
            .iter()
            .filter(|a| !change.addresses.contains(a))
            .collect();
        let text = look.text(&format!("text.{}", change.adapter));
        let written = match &change.exact {
            Some(exact) => text == *exact,
            None => same(&networkd::read(&text), &wanted(change)),
        };
        let part = |name: &str, done, saw: String| Part {
            name: name.to_owned(),
            done,
            saw,
        };
        let mut parts = vec![
            part(
                "live",
                missing.is_empty(),
                format!("the adapter holds {}", list(&adapter.addresses)),
            ),
            part(
                "configured",
                written,
                format!("after a restart it holds {}", list(&adapter.configured)),
            ),
        ];
        if change.drop_old == DropOld::Now {
            let old: Vec<String> = old.into_iter().cloned().collect();
            parts.push(part(
                "old gone",
                old.is_empty(),
                format!("old addresses: {}", list(&old)),
            ));
        }
        if let Some((_, new)) = resolver(&look, change) {
            let done = new == look.text("resolv");
            parts.push(part(
                "dns",
                done,
                format!(
                    "resolv.conf names {}",
                    list(&hosts::nameservers(&look.text("resolv")))
                ),
            ));
        }
        Ok(parts)
    }

    pub(super) async fn do_map(&self, change: &NetworkChange) -> Result<(), HostErrorKind> {
        plain_token(&change.token)?;
        check(change)?;
        let look = self.look().await?;
        let adapter = adapter(&look, &change.adapter)?;
        if let Some(reason) = look.refuse_adapter(&adapter) {
            return Err(unsupported(reason));
        }
        if change.dhcp || adapter.dhcp {
            return Err(unsupported(format!(
                "the adapter {}: DHCP is not supported yet; give it static addresses",
                adapter.name
            )));
        }
        let held = look.adapters()?;
        for address in &change.addresses {
            let bare = address.split('/').next().unwrap_or_default();
            let other = held.iter().find(|other| {
                other.name != adapter.name
                    && other
                        .addresses
                        .iter()
                        .any(|a| a.split('/').next() == Some(bare))
            });
            if let Some(other) = other {
                return Err(unsupported(format!(
                    "the adapter {} of the machine holds {bare} already",
                    other.name
                )));
            }
        }
        let old: Vec<String> = adapter
            .addresses
            .iter()
            .filter(|a| !change.addresses.contains(a))
            .cloned()
            .collect();
        let text = look.text(&format!("text.{}", change.adapter));
        let new = match &change.exact {
            Some(exact) => exact.clone(),
            None if same(&networkd::read(&text), &wanted(change)) => text.clone(),
            None => networkd::write(&text, &wanted(change)),
        };
        // An empty file makes networkd let go of the adapter, with all its addresses.
        if new.trim().is_empty() {
            return Err(unsupported(format!(
                "the file that configures the adapter {} would be left empty",
                adapter.name
            )));
        }
        let (resolv_old, resolv_new) = resolver(&look, change).unwrap_or_default();
        let routes: Vec<String> = change
            .routes
            .iter()
            .map(|route| format!("{} {}", route.to, route.via))
            .collect();
        let values = Values::new()
            .with("ADAPTER", &change.adapter)
            .with("ADDRESSES", change.addresses.join("\n"))
            .with("OLD", old.join("\n"))
            .with("GATEWAY", change.gateway.as_deref().unwrap_or_default())
            .with("ROUTES", routes.join("\n"))
            .with("FILE", adapter.file.as_deref().unwrap_or_default())
            .with("FILE_OLD", &text)
            .with("FILE_NEW", &new)
            .with("RESOLV_OLD", resolv_old)
            .with("RESOLV_NEW", resolv_new)
            .with(
                "DROP",
                if change.drop_old == DropOld::Now {
                    "now"
                } else {
                    "at-restart"
                },
            )
            .with("TOKEN", &change.token)
            .with("WITHIN", change.confirm_within.as_secs().max(1).to_string());
        self.operate(Kind::Change, &[MAP], values).await.map(drop)
    }
}

/// The file of an adapter as it is after a change, for a person who writes it.
pub(crate) fn file_by_hand(text: &str, change: &NetworkChange) -> String {
    networkd::write(text, &wanted(change))
}

/// The token names a folder on the machine.
pub(super) fn plain_token(token: &str) -> Result<(), HostErrorKind> {
    let plain = token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain && !token.is_empty() {
        Ok(())
    } else {
        Err(unsupported(format!("`{token}` cannot name an attempt")))
    }
}

fn adapter(look: &Look, name: &str) -> Result<Adapter, HostErrorKind> {
    let all = look.adapters()?;
    let names: Vec<String> = all.iter().map(|adapter| adapter.name.clone()).collect();
    all.into_iter()
        .find(|adapter| adapter.name == name)
        .ok_or_else(|| {
            unsupported(format!(
                "the machine has no adapter `{name}`; it has {}",
                list(&names)
            ))
        })
}

fn check(change: &NetworkChange) -> Result<(), HostErrorKind> {
    let network = |text: &str| {
        text.split_once('/').is_some_and(|(ip, bits)| {
            let most = match ip.parse::<IpAddr>() {
                Ok(IpAddr::V4(_)) => 32,
                Ok(IpAddr::V6(_)) => 128,
                Err(_) => return false,
            };
            bits.parse::<u8>().is_ok_and(|bits| bits <= most)
        })
    };
    let address = |text: &str| text.parse::<IpAddr>().is_ok();
    let bad = change
        .addresses
        .iter()
        .chain(change.routes.iter().map(|route| &route.to))
        .find(|text| !network(text))
        .or_else(|| {
            let singles = change
                .gateway
                .iter()
                .chain(&change.dns)
                .chain(change.routes.iter().map(|route| &route.via));
            singles.into_iter().find(|text| !address(text))
        });
    if let Some(bad) = bad {
        return Err(unsupported(format!(
            "`{bad}` is not an address, or lacks its prefix length"
        )));
    }
    if change.addresses.is_empty() && !change.dhcp {
        return Err(unsupported(format!(
            "the adapter {} would be left without an address",
            change.adapter
        )));
    }
    Ok(())
}

fn wanted(change: &NetworkChange) -> Wanted {
    Wanted {
        addresses: change.addresses.clone(),
        gateway: change.gateway.clone(),
        dns: change.dns.clone(),
        routes: change.routes.clone(),
        dhcp: change.dhcp,
    }
}

/// The order counts for DNS servers only.
fn same(a: &Wanted, b: &Wanted) -> bool {
    let sorted = |wanted: &Wanted| {
        let (mut addresses, mut routes) = (wanted.addresses.clone(), wanted.routes.clone());
        addresses.sort();
        routes.sort();
        (
            addresses,
            routes,
            wanted.gateway.clone(),
            wanted.dns.clone(),
            wanted.dhcp,
        )
    };
    sorted(a) == sorted(b)
}

/// Where resolv.conf is nobody's but the admin's, DNS servers move in it as well: its old and its
/// new text.
fn resolver(look: &Look, change: &NetworkChange) -> Option<(String, String)> {
    let text = look.0.get("resolv")?;
    if look.0.has("resolv_link") || change.dns.is_empty() {
        return None;
    }
    let new = if hosts::nameservers(&text) == change.dns {
        text.clone()
    } else {
        hosts::set_nameservers(&text, &change.dns)
    };
    Some((text, new))
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
