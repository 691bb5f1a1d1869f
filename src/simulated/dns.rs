//! The domain's DNS zone: who owns a record, and when others see a change.
//!
//! Records are made by secure dynamic updates, so a record belongs to the account that made it, and
//! an update by another account is refused while the join reports success all the same (seen in the
//! lab: "Joined", exit code 0, "DNS Update failed"). An account that is taken over owns its records.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::timing::Millis;
use crate::directory::Guid;

/// A zone.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// By host name without the domain, in small letters.
    records: BTreeMap<String, Record>,
    /// How long a change takes until everybody sees it.
    pub(super) replication: Millis,
}

#[derive(Clone, Debug)]
struct Record {
    owner: Option<Guid>,
    /// What is seen from each moment on, the latest last.
    versions: Vec<(Millis, BTreeSet<IpAddr>)>,
}

impl Zone {
    pub(super) fn new(replication: Millis) -> Self {
        Self {
            records: BTreeMap::new(),
            replication,
        }
    }

    /// Puts a record there that is seen from the beginning.
    pub(super) fn put(&mut self, host: &str, owner: Guid, addresses: BTreeSet<IpAddr>) {
        let record = Record {
            owner: Some(owner),
            versions: vec![(0, addresses)],
        };
        self.records.insert(host.to_lowercase(), record);
    }

    /// Registers the addresses of a host; refused, as `false`, where another account owns the name.
    pub(super) fn register(
        &mut self,
        host: &str,
        owner: Guid,
        addresses: BTreeSet<IpAddr>,
        now: Millis,
    ) -> bool {
        let seen_from = now + self.replication;
        let record = self.records.entry(host.to_lowercase()).or_insert(Record {
            owner: None,
            versions: Vec::new(),
        });
        if record.owner.is_some_and(|present| present != owner) {
            return false;
        }
        record.owner = Some(owner);
        if record.versions.last().map(|(_, last)| last) != Some(&addresses) {
            record.versions.push((seen_from, addresses));
        }
        true
    }

    /// What is seen of a host at a moment.
    pub(super) fn seen(&self, host: &str, now: Millis) -> Vec<IpAddr> {
        let versions = self.records.get(&host.to_lowercase());
        let seen = versions
            .into_iter()
            .flat_map(|record| &record.versions)
            .rfind(|(from, _)| *from <= now);
        seen.map(|(_, addresses)| addresses.iter().copied().collect())
            .unwrap_or_default()
    }

    /// The last version of every record.
    pub(super) fn in_the_end(&self) -> BTreeMap<String, Vec<IpAddr>> {
        let last = |record: &Record| {
            let version = record.versions.last();
            version.map(|(_, addresses)| addresses.iter().copied().collect())
        };
        let records = self.records.iter();
        records
            .filter_map(|(host, record)| Some((host.clone(), last(record)?)))
            .collect()
    }

    /// The next moment after `now` at which a change is seen.
    pub(super) fn next_change(&self, now: Millis) -> Option<Millis> {
        let versions = self.records.values().flat_map(|record| &record.versions);
        versions.map(|(from, _)| *from).filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(last: u8) -> BTreeSet<IpAddr> {
        [IpAddr::from([192, 0, 2, last])].into()
    }

    #[test]
    fn a_change_is_seen_when_it_has_replicated() {
        let mut zone = Zone::new(1000);
        zone.put("FS01", Guid::new(1), addresses(1));
        assert!(zone.register("fs01", Guid::new(1), addresses(2), 500));
        assert_eq!(zone.seen("fs01", 1499), [IpAddr::from([192, 0, 2, 1])]);
        assert_eq!(zone.seen("fs01", 1500), [IpAddr::from([192, 0, 2, 2])]);
        assert_eq!(zone.next_change(500), Some(1500));
    }

    #[test]
    fn a_record_of_another_account_stays() {
        let mut zone = Zone::new(0);
        zone.put("fs01", Guid::new(1), addresses(1));
        assert!(!zone.register("fs01", Guid::new(2), addresses(2), 5));
        assert_eq!(zone.seen("fs01", 5), [IpAddr::from([192, 0, 2, 1])]);
    }
}
