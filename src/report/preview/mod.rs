//! What is shown before a run: the path with its reasons, the outage, what cannot be taken back, and
//! what the others wait for. The same content as text, as JSON and for a change board.

mod json;
mod markdown;
mod text;

pub use json::PreviewDocument;

use crate::plan::HostSpec;
use crate::plan::Inventory;
use crate::plan::Mark;
use crate::plan::Os;
use crate::plan::Outlook;
use crate::plan::PathRow;
use crate::plan::Plan;
use crate::plan::Runs;
use crate::plan::outlook;
use crate::run::StageId;

use super::tables::whole;

/// What is shown before a run.
pub struct Preview<'a> {
    plan: &'a Plan,
    inventory: &'a Inventory,
    rows: &'a [PathRow],
    outlook: Outlook,
    refusals: Vec<String>,
    accepted: Vec<(String, String)>,
}

impl<'a> Preview<'a> {
    /// Looks ahead along the path of an inventory, the rows of which are those of this plan.
    pub fn new(plan: &'a Plan, inventory: &'a Inventory, rows: &'a [PathRow]) -> Self {
        Self {
            plan,
            inventory,
            rows,
            outlook: outlook(plan, rows),
            refusals: Vec::new(),
            accepted: Vec::new(),
        }
    }

    /// Says at the top why `apply` refuses this pair now.
    #[must_use]
    pub fn refused(self, refusals: Vec<String>) -> Self {
        Self { refusals, ..self }
    }

    /// Says at the top what a person has accepted, and why.
    #[must_use]
    pub fn accepted(self, accepted: Vec<(String, String)>) -> Self {
        Self { accepted, ..self }
    }

    /// Returns it for a terminal; with `colour` if it is one.
    pub fn text(&self, colour: bool) -> String {
        text::text(self, colour)
    }

    /// Returns it for a change board.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// Returns it for machines.
    pub fn json(&self) -> PreviewDocument {
        json::document(self)
    }

    fn hosts(&self) -> [(&'static str, &'a HostSpec); 2] {
        [
            ("source", &self.inventory.source),
            ("destination", &self.inventory.destination),
        ]
    }

    /// The rows without the states around the stages.
    fn stages(&self) -> &'a [PathRow] {
        match self.rows {
            [_, stages @ .., _] => stages,
            _ => &[],
        }
    }

    fn count(&self, runs: Runs) -> usize {
        self.stages().iter().filter(|row| row.runs == runs).count()
    }

    /// How many stages run and how many do not.
    fn counted(&self) -> String {
        let open = match self.count(Runs::Unknown) {
            0 => String::new(),
            open => format!(", {open} are decided when the facts are known"),
        };
        format!(
            "{} stages run, {} are skipped{open}",
            self.count(Runs::Yes),
            self.count(Runs::No)
        )
    }

    /// What shows only when connecting.
    fn open(&self) -> String {
        let missing = |host: &HostSpec| {
            let facts = [
                (host.os.is_none(), "operating system"),
                (host.os_version.is_none(), "release"),
                (host.domain_joined.is_none(), "domain membership"),
                (host.clustered.is_none(), "cluster"),
            ];
            let facts: Vec<&str> = facts
                .iter()
                .filter(|(open, _)| *open)
                .map(|f| f.1)
                .collect();
            match facts.as_slice() {
                [] => None,
                [one] => Some(format!("the {one}")),
                [first @ .., last] => Some(format!("the {} and {last}", first.join(", "))),
            }
        };
        let mut open: Vec<String> = self
            .hosts()
            .iter()
            .filter_map(|(place, host)| Some(format!("{} of the {place}", missing(host)?)))
            .collect();
        open.push("whether a server is a domain controller, which would be refused".to_owned());
        let all = if open.len() == 1 { "this" } else { "all this" };
        format!("{}; {all} is learned when connecting", open.join("; "))
    }

    fn outage(&self, code: fn(&str) -> String) -> String {
        let Some(outage) = &self.outlook.outage else {
            return "none: no stage of this path touches the source's identity".to_owned();
        };
        let mark = |mark: &Mark| {
            let sure = if mark.sure { "" } else { ", if it runs" };
            format!(
                "{} ({}%{sure})",
                code(mark.id.as_str()),
                whole(mark.percent)
            )
        };
        let ends = match &outage.ends {
            Some(ends) => format!("ends when {} has ended", mark(ends)),
            None => "no stage of this path ends it".to_owned(),
        };
        let alternates = outage.alternates.as_ref().map_or_else(String::new, |last| {
            format!(
                "; clients that use an alternate name wait for {}",
                mark(last)
            )
        });
        format!("begins with {}, {ends}{alternates}", mark(&outage.begins))
    }

    fn no_return(&self, code: fn(&str) -> String) -> String {
        match &self.outlook.point_of_no_return {
            None => "there is none: every stage can be taken back".to_owned(),
            Some(point) => format!(
                "{} ({}%): {}",
                code(point.at.id.as_str()),
                whole(point.at.percent),
                point.reason
            ),
        }
    }

    fn undo(&self, code: fn(&str) -> String) -> String {
        let lasting = listed(&self.outlook.cannot_be_undone, code, ", ");
        if lasting.is_empty() {
            return "every stage of this path can be undone, or leaves nothing to undo".to_owned();
        }
        format!("every stage of this path can be undone, except {lasting}")
    }

    fn longest_chain(&self, code: fn(&str) -> String, arrow: &str) -> String {
        let chain = &self.outlook.longest_chain;
        format!(
            "{} stages wait for each other: {}",
            chain.len(),
            listed(chain, code, arrow)
        )
    }

    fn steps(&self) -> String {
        let stages: usize = self.outlook.steps.iter().map(Vec::len).sum();
        format!(
            "{stages} stages take {} steps, were all equally long",
            self.outlook.steps.len()
        )
    }
}

fn listed(ids: &[StageId], code: fn(&str) -> String, between: &str) -> String {
    let ids: Vec<String> = ids.iter().map(|id| code(id.as_str())).collect();
    ids.join(between)
}

/// What the inventory says of a server: "Windows Server 2016 in a domain, in a cluster".
fn server(host: &HostSpec) -> String {
    let release = host.os_version.as_deref();
    let system = match (host.os, release) {
        (Some(Os::Windows), Some(release)) => format!("Windows Server {release}"),
        (Some(Os::Windows), None) => "Windows".to_owned(),
        (Some(Os::Linux), Some(release)) => format!("Linux (release {release})"),
        (Some(Os::Linux), None) => "Linux".to_owned(),
        (None, _) => "a server".to_owned(),
    };
    let membership = match host.domain_joined {
        Some(true) => " in a domain",
        Some(false) => " in a workgroup",
        None => "",
    };
    let cluster = if host.clustered == Some(true) {
        ", in a cluster"
    } else {
        ""
    };
    format!("{system}{membership}{cluster}")
}
