//! What every scenario must end in, and that nothing has happened where nothing may have.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::machines::DC;
use super::machines::DESTINATION;
use super::machines::SOURCE;
use super::machines::boots;
use super::machines::by_kerberos;
use super::machines::by_ntlm;
use super::machines::on;

const SERVED_BY_SOURCE: &str = "served by machine-fs01";
const SERVED_BY_DESTINATION: &str = "served by machine-fs02";

/// A computer object, by what makes it the one that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) dn: String,
    pub(super) guid: String,
    pub(super) sid: String,
    pub(super) groups: BTreeSet<String>,
    pub(super) spns: BTreeSet<String>,
    pub(super) more_names: BTreeSet<String>,
    pub(super) dns_host_name: Option<String>,
    /// Explicit permissions, those of the container left out.
    pub(super) permissions: BTreeSet<String>,
    pub(super) enabled: bool,
    /// Counts every change of the object.
    pub(super) changes: u64,
}

impl Object {
    /// Asks the domain controller's own database.
    pub(super) fn of(computer: &str) -> Option<Self> {
        let attributes = attributes(&format!("(sAMAccountName={computer}$)"));
        let one = |name: &str| attributes[name][0].clone();
        let set = |name: &str| -> BTreeSet<String> {
            let values = attributes.get(name).into_iter().flatten();
            values.cloned().collect()
        };
        attributes.contains_key("dn").then(|| Self {
            dn: one("dn"),
            guid: one("objectGUID"),
            sid: one("objectSid"),
            groups: set("memberOf"),
            spns: set("servicePrincipalName"),
            more_names: set("msDS-AdditionalDnsHostName"),
            dns_host_name: set("dNSHostName").pop_first(),
            permissions: explicit(&one("nTSecurityDescriptor")),
            enabled: one("userAccountControl").parse::<u32>().unwrap() & 2 == 0,
            changes: one("uSNChanged").parse().unwrap(),
        })
    }
}

/// The entries of a descriptor's access list that were not inherited.
fn explicit(descriptor: &str) -> BTreeSet<String> {
    let list = descriptor.split_once("D:").unwrap().1;
    let list = list.split_once("S:").map_or(list, |(access, _)| access);
    let entries = list.split(['(', ')']).filter(|entry| entry.contains(';'));
    let inherited = |entry: &&str| entry.split(';').nth(1).unwrap().contains("ID");
    entries
        .filter(|entry| !inherited(entry))
        .map(str::to_owned)
        .collect()
}

/// All attributes of the one object that a filter finds.
pub(super) fn attributes(filter: &str) -> BTreeMap<String, Vec<String>> {
    let found = on(
        DC,
        &format!(
            "ldbsearch -H /var/lib/samba/private/sam.ldb '{filter}' '*' nTSecurityDescriptor memberOf badPwdCount"
        ),
    );
    let mut attributes = BTreeMap::<String, Vec<String>>::new();
    for line in found.replace("\n ", "").lines() {
        if let Some((name, value)) = line.split_once(": ")
            && name != "ref"
        {
            attributes
                .entry(name.to_owned())
                .or_default()
                .push(value.to_owned());
        }
    }
    attributes
}

/// What a machine has that a run could leave behind or change.
fn traces(machine: &str) -> String {
    on(
        machine,
        "for file in passwd group shadow gshadow subuid subgid; do echo \"$file $(md5sum </etc/$file)\"; done; \
         ls -A /etc/sudoers.d; \
         find /etc /home /root /run /tmp /var/lib /var/tmp -xdev \\( -iname '*sms-plan*' -o -iname 'MsftSms*' \\) 2>/dev/null | sort; \
         systemctl list-units --all --no-legend --plain '*sms*'; systemctl list-timers --all --no-legend '*sms*'; \
         ps -eo args | grep -i '[s]ms-plan' | sort -u; true",
    )
}

/// The files of a share, with their owners, times, permissions, attributes and content.
fn files(machine: &str) -> String {
    on(
        machine,
        "cd /srv/data && find . -printf '%p %y %m %U:%G %s %T@\\n' | sort && find . -print0 | sort -z | xargs -0 getfattr -d -m - && find . -type f -exec sha256sum {} + | sort -k2",
    )
}

/// The settings of a machine that a cutover changes.
fn settings(machine: &str) -> String {
    on(
        machine,
        "hostname; ip -o addr show eth0 | awk '{print $3, $4}'; ip route; cat /etc/hosts /etc/samba/smb.conf /etc/systemd/network/*; \
         md5sum /etc/krb5.keytab; wbinfo -t",
    )
}

/// The lab before a run.
pub(super) struct Before {
    pub(super) source: Object,
    destination: Object,
    boots: [usize; 2],
    traces: [String; 2],
    settings: [String; 2],
    files: [String; 2],
}

impl Before {
    pub(super) fn look() -> Self {
        let before = Self {
            source: Object::of("FS01").expect("the source's object"),
            destination: Object::of("FS02").expect("the destination's object"),
            boots: [SOURCE, DESTINATION].map(boots),
            traces: [SOURCE, DESTINATION].map(traces),
            settings: [SOURCE, DESTINATION].map(settings),
            files: [SOURCE, DESTINATION].map(files),
        };
        let mut wrong = Wrong::default();
        for name in ["fs01.lab.test", "fsalt.lab.test"] {
            wrong.unless(name, &by_kerberos(name), &format!("ok {SERVED_BY_SOURCE}"));
        }
        for address in ["10.98.0.21", "10.98.0.31", "files.lab.test"] {
            wrong.unless(address, &by_ntlm(address), SERVED_BY_SOURCE);
        }
        wrong.settle("before the run");
        before
    }

    /// How often source and destination were restarted since.
    pub(super) fn boots_since(&self) -> [usize; 2] {
        let [source, destination] = [SOURCE, DESTINATION].map(boots);
        [source - self.boots[0], destination - self.boots[1]]
    }

    /// The identity has moved, and nothing but the identity.
    ///
    /// `restarts` is how often each machine may have been restarted: what its plan says, and each
    /// power cut of the test's own.
    pub(super) fn ended_well(&self, restarts: [usize; 2]) {
        let mut wrong = Wrong::default();
        for name in ["fs01.lab.test", "fsalt.lab.test"] {
            let served = by_kerberos(name);
            wrong.unless(name, &served, &format!("ok {SERVED_BY_DESTINATION}"));
        }
        for address in ["10.98.0.21", "10.98.0.31", "files.lab.test"] {
            wrong.unless(address, &by_ntlm(address), SERVED_BY_DESTINATION);
        }
        let served = by_kerberos("fs01-old.lab.test");
        wrong.unless("the new name", &served, &format!("ok {SERVED_BY_SOURCE}"));
        wrong.unless("the new address", &by_ntlm("10.98.0.41"), SERVED_BY_SOURCE);
        wrong.if_contains("the old address", &by_ntlm("10.98.0.22"), "served by");
        // The source at its new address does not take tickets for the names that it gave away.
        for name in ["fs01.lab.test", "fsalt.lab.test"] {
            let answer = ticket_shown_to_source(name);
            wrong.if_contains("the source by its old name", &answer, "served by");
            wrong.unless_contains("the source by its old name", &answer, "NT_STATUS");
        }
        self.compare_objects(&mut wrong);
        for (index, machine) in [SOURCE, DESTINATION].into_iter().enumerate() {
            let trusted = on(machine, "wbinfo -t");
            wrong.unless_contains(machine, &trusted, "succeeded");
            let member = on(machine, "net ads testjoin");
            wrong.unless_contains(machine, &member, "Join is OK");
            wrong.unless(machine, &traces(machine), &self.traces[index]);
            wrong.unless(machine, &files(machine), &self.files[index]);
        }
        let name = "hostname; hostname -f";
        wrong.unless("a name", &on(SOURCE, name), "fs01-old\nfs01-old.lab.test");
        wrong.unless("a name", &on(DESTINATION, name), "fs01\nfs01.lab.test");
        let addresses = "ip -4 -o addr show eth0 | awk '{print $4}' | sort";
        wrong.unless("addresses", &on(SOURCE, addresses), "10.98.0.41/24");
        wrong.unless(
            "addresses",
            &on(DESTINATION, addresses),
            "10.98.0.21/24\n10.98.0.31/24",
        );
        let booted = self.boots_since();
        if booted.iter().zip(&restarts).any(|(is, may)| is > may) {
            wrong.0.push(format!(
                "restarts: {booted:?} of source and destination, allowed {restarts:?}"
            ));
        }
        wrong.settle("after the run");
    }

    fn compare_objects(&self, wrong: &mut Wrong) {
        match Object::of("FS01") {
            None => wrong.0.push("FS01 is gone".to_owned()),
            Some(now) => {
                let expected = Object {
                    changes: now.changes,
                    ..self.source.clone()
                };
                wrong.unless("FS01", &format!("{now:#?}"), &format!("{expected:#?}"));
            }
        }
        match Object::of("FS01-OLD") {
            None => wrong.0.push("there is no FS01-OLD".to_owned()),
            Some(new) => {
                let place = |dn: &str| dn.split_once(',').map(|(_, place)| place.to_owned());
                if !new.enabled || place(&new.dn) != place(&self.source.dn) {
                    wrong.0.push(format!("FS01-OLD: {new:#?}"));
                }
            }
        }
        match Object::of("FS02") {
            None => wrong.0.push("FS02 is gone".to_owned()),
            Some(old) => {
                if old.enabled || old.guid != self.destination.guid {
                    wrong.0.push(format!("FS02: {old:#?}"));
                }
            }
        }
    }

    /// Nothing was changed, neither on the servers nor in the directory.
    pub(super) fn untouched(&self) {
        let mut wrong = Wrong::default();
        for (name, before) in [("FS01", &self.source), ("FS02", &self.destination)] {
            let now = Object::of(name);
            wrong.unless(name, &format!("{now:#?}"), &format!("{:#?}", Some(before)));
        }
        for (index, machine) in [SOURCE, DESTINATION].into_iter().enumerate() {
            wrong.unless(machine, &settings(machine), &self.settings[index]);
            wrong.unless(machine, &files(machine), &self.files[index]);
        }
        if self.boots_since() != [0, 0] {
            wrong.0.push("a server was restarted".to_owned());
        }
        wrong.settle("nothing may have changed");
    }
}

/// Shows a ticket for this name to the source at its new address, whatever the name means now.
fn ticket_shown_to_source(name: &str) -> String {
    on(
        super::machines::CLIENT,
        &format!(
            "setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice KRB5CCNAME=FILE:/tmp/shown sh -c \
             'kinit alice@LAB.TEST <~/.password >/dev/null && timeout 15 smbclient -N --use-kerberos=required -I 10.98.0.41 \
             //{name}/data -c \"get marker.txt -\"; rm -f /tmp/shown' 2>&1"
        ),
    )
}

/// What is not as it should be, all of it.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, what: &str, is: &str, should_be: &str) {
        if is != should_be {
            let lines: BTreeSet<&str> = is.lines().collect();
            let wanted: BTreeSet<&str> = should_be.lines().collect();
            let differences = lines.symmetric_difference(&wanted);
            let differences = differences.map(|line| {
                let sign = if lines.contains(line) { '+' } else { '-' };
                format!("  {sign} {line}")
            });
            let differences: Vec<String> = differences.collect();
            if differences.is_empty() {
                self.0.push(format!(
                    "{what}, in another order:\n{is}\ninstead of:\n{should_be}"
                ));
            } else {
                self.0.push(format!("{what}:\n{}", differences.join("\n")));
            }
        }
    }

    fn unless_contains(&mut self, what: &str, is: &str, part: &str) {
        if !is.contains(part) {
            self.0.push(format!("{what}: no `{part}` in: {is}"));
        }
    }

    fn if_contains(&mut self, what: &str, is: &str, part: &str) {
        if is.contains(part) {
            self.0.push(format!("{what}: `{part}` in: {is}"));
        }
    }

    #[track_caller]
    fn settle(self, when: &str) {
        assert!(self.0.is_empty(), "{when}:\n{}", self.0.join("\n"));
    }
}
