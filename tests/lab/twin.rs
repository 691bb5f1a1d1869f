//! The simulated world, kept honest: what a run did in the lab, its twin does too.
//!
//! Called at the end of scenarios that have made a run anyway.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sms_plan::run::Place;
use sms_plan::store::SqliteStore;
use sms_plan::store::Store as _;

use super::drive::Drive;
use super::end::Object;
use super::machines::CLIENT;
use super::machines::DESTINATION;
use super::machines::SOURCE;
use super::machines::on;
use super::scene::Scene;
use crate::rehearse::likeness::Account;
use crate::rehearse::likeness::Recorded;
use crate::rehearse::likeness::Standing;
use crate::rehearse::likeness::differences;
use crate::rehearse::likeness::standing;

const SERVERS: [(Place, &str); 2] = [(Place::Source, SOURCE), (Place::Destination, DESTINATION)];
/// Every name that may be in DNS after a run.
const NAMES: [&str; 3] = ["fs01", "fs01-old", "fs02"];

/// Rehearses the scene's finished run on its twin, and compares stages, outcomes, order, outputs and
/// how everything stands. `UPDATE_LAB_RUNS=1` keeps the run as `name` for tests without a lab.
pub(super) async fn agrees(scene: &Scene, name: &str, parallel: usize) {
    let id = scene.journal().await[0].run.clone();
    let store = SqliteStore::open_existing(&scene.state()).unwrap();
    let record = store.read(&id).await.unwrap();
    let recorded = Recorded {
        plan: record.new.plan_text,
        inventory: record.new.inventory_text,
        events: record.events,
    };
    let lab = looked(scene, &recorded);
    if std::env::var_os("UPDATE_LAB_RUNS").is_some() {
        recorded.keep(name, &lab);
    }
    let mut program = scene.program("rehearse");
    program.args(["--from-run", id.as_str(), "--parallel", "1"]);
    let said = Drive::start(program).end().await.with(0).out;
    assert!(said.contains("100%, succeeded"), "{said}");

    let compared = tokio::task::spawn_blocking(move || {
        let rehearsal = recorded.rehearsed(parallel);
        let journals = [&recorded.events, &rehearsal.events]
            .map(|events| recorded.told(events, parallel == 1));
        let twin = standing(&rehearsal.end, &recorded.objects());
        differences(&journals[0], &journals[1]) + &differences(&lab, &twin)
    });
    let compared = compared.await.unwrap();
    assert!(compared.is_empty(), "{compared}");
}

/// How the lab stands, past everything that is tested here.
fn looked(scene: &Scene, recorded: &Recorded) -> Standing {
    let before = recorded.objects();
    let each = |line: &str| -> BTreeMap<Place, String> {
        SERVERS
            .map(|(place, machine)| (place, on(machine, line)))
            .into()
    };
    let lists = |line: &str| -> BTreeMap<Place, Vec<String>> {
        let texts = each(line).into_iter();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        texts.map(|(place, text)| (place, words(&text))).collect()
    };
    let accounts = ["FS01", "FS01-OLD", "FS02"].into_iter().map(|name| {
        let object = Object::of(name).unwrap();
        let identity = before.contains(&object.guid);
        let account = Account {
            dn: object.dn,
            identity: identity.then_some((object.guid, object.sid)),
            enabled: object.enabled,
            spns: object.spns.into_iter().collect(),
            dns_host_name: object.dns_host_name,
            additional_dns_host_names: object.more_names.into_iter().collect(),
            groups: object.groups.into_iter().collect(),
        };
        (name.to_owned(), account)
    });
    let dns = NAMES.into_iter().map(|name| {
        let found = on(
            CLIENT,
            &format!("getent ahostsv4 {name}.lab.test | awk '{{print $1}}' | sort -u"),
        );
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        (
            name.to_owned(),
            found.split_whitespace().map(parse).collect(),
        )
    });
    let left = each(
        "getent passwd MsftSmsStorMigratSvc >/dev/null && echo account; test ! -e /var/lib/sms-plan || echo fence",
    );
    let left = left.into_iter().flat_map(|(place, text)| {
        let lines = text.lines().map(|what| format!("{what}: {place}"));
        lines.collect::<Vec<_>>()
    });
    let [source, destination] = scene
        .before
        .boots_since()
        .map(|boots| u32::try_from(boots).unwrap());
    Standing {
        names: each("hostname"),
        addresses: lists("ip -4 -o addr show eth0 | awk '{print $4}' | sort"),
        alternates: lists(
            "for name in 'netbios aliases' 'additional dns hostnames'; do testparm -s --parameter-name=\"$name\" 2>/dev/null; done",
        ),
        members: each(
            "net ads testjoin >/dev/null 2>&1 && testparm -s --parameter-name='netbios name' 2>/dev/null",
        ),
        accounts: accounts.collect(),
        dns: dns.collect(),
        restarts: BTreeMap::from([(Place::Source, source), (Place::Destination, destination)]),
        left: left.collect(),
    }
}
