//! The kinds of pairs, to be changed by a test before they are read.

use serde_json::Value;
use sms_plan::plan::Inventory;
use sms_plan::plan::Kind;
use sms_plan::plan::Roots;
use sms_plan::plan::kinds;

/// The inventory of a kind as it would be written.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) source: Value,
    pub(super) destination: Value,
    rest: Value,
}

pub(super) fn kind(code: &str) -> &'static Kind {
    kinds().iter().find(|kind| kind.code == code).unwrap()
}

impl Pair {
    pub(super) fn of(code: &str) -> Self {
        let mut rest: Value = serde_json::from_str(kind(code).inventory().file().text()).unwrap();
        Self {
            source: rest["hosts"]["source"].take(),
            destination: rest["hosts"]["destination"].take(),
            rest,
        }
    }

    pub(super) fn p1() -> Self {
        Self::of("P1")
    }

    pub(super) fn p2() -> Self {
        Self::of("P2")
    }

    pub(super) fn p3() -> Self {
        Self::of("P3")
    }

    pub(super) fn p4a() -> Self {
        Self::of("P4a")
    }

    pub(super) fn p4b() -> Self {
        Self::of("P4b")
    }

    pub(super) fn p5() -> Self {
        Self::of("P5")
    }

    pub(super) fn p6() -> Self {
        Self::of("P6")
    }

    pub(super) fn inventory(&self) -> Inventory {
        let mut value = self.rest.clone();
        value["hosts"]["source"] = self.source.clone();
        value["hosts"]["destination"] = self.destination.clone();
        // YAML is a superset of JSON.
        super::inventory(&value.to_string())
    }

    pub(super) fn roots(&self) -> Roots {
        self.inventory().roots()
    }
}
