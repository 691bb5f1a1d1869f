//! The kinds of pairs that the document's rows tell apart, as inventories.

use serde_json::Value;
use serde_json::json;
use sms_plan::plan::Inventory;
use sms_plan::plan::Roots;

#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) source: Value,
    pub(super) destination: Value,
    pub(super) source_scope: &'static str,
    pub(super) destination_scope: &'static str,
}

fn host(name: &str, os: &str, version: &str, joined: bool, clustered: bool) -> Value {
    json!({
        "name": name,
        "address": if name == "fs01" { "10.98.0.21" } else { "10.98.0.22" },
        "os": os,
        "osVersion": version,
        "domainJoined": joined,
        "clustered": clustered,
        "transport": if os == "windows" { "winrm" } else { "ssh" },
        "credential": name,
    })
}

impl Pair {
    fn new(source: Value, destination: Value) -> Self {
        let mut source = source;
        source["network"] = json!({ "eth0": { "addresses": ["10.98.0.41/24"] } });
        source["newName"] = json!("fs01-old");
        Self {
            source,
            destination,
            source_scope: "local",
            destination_scope: "local",
        }
    }

    fn domain(os: &str, version: &str) -> Self {
        Self::new(
            host("fs01", os, version, true, false),
            host("fs02", "windows", "2025", true, false),
        )
    }

    pub(super) fn p1() -> Self {
        let mut pair = Self::domain("windows", "2012 R2");
        (pair.source_scope, pair.destination_scope) = ("domain", "domain");
        pair
    }

    pub(super) fn p2() -> Self {
        Self::domain("windows", "2003")
    }

    pub(super) fn p3() -> Self {
        Self::new(
            host("fs01", "windows", "2003", false, false),
            host("fs02", "windows", "2025", false, false),
        )
    }

    pub(super) fn p4a() -> Self {
        Self::domain("linux", "12")
    }

    pub(super) fn p4b() -> Self {
        let mut pair = Self::p4a();
        pair.source["restartAfterJoin"] = json!(false);
        pair
    }

    pub(super) fn p5() -> Self {
        Self::new(
            host("fs01", "linux", "12", false, false),
            host("fs02", "windows", "2025", false, false),
        )
    }

    pub(super) fn p6() -> Self {
        Self::new(
            host("fs01", "windows", "2016", true, true),
            host("fs02", "windows", "2025", true, true),
        )
    }

    pub(super) fn linux_destination(mut self, scope: &'static str) -> Self {
        self.destination["os"] = json!("linux");
        self.destination["osVersion"] = json!("12");
        self.destination["transport"] = json!("ssh");
        self.destination_scope = scope;
        self
    }

    pub(super) fn inventory(&self) -> Inventory {
        let credential =
            |scope| json!({ "username": "admin", "scope": scope, "password": { "env": "X" } });
        let value = json!({
            "apiVersion": "sms-plan/v1",
            "kind": "Inventory",
            "metadata": { "name": "pair" },
            "hosts": { "source": self.source, "destination": self.destination },
            "networkMapping": { "eth0": "eth0" },
            "directory": {
                "domain": "lab.test",
                "server": "dc1.lab.test",
                "dns": ["10.98.0.10"],
                "credential": "fs01",
            },
            "credentials": {
                "fs01": credential(self.source_scope),
                "fs02": credential(self.destination_scope),
            },
        });
        // YAML is a superset of JSON.
        super::inventory(&value.to_string())
    }

    pub(super) fn roots(&self) -> Roots {
        self.inventory().roots()
    }
}
