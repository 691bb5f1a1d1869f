//! What this version can change on real machines. Files and paths know more: validating and previewing
//! a pair does not ask this.

use crate::plan::HostSpec;
use crate::plan::Inventory;
use crate::plan::Os;
use crate::plan::PathRow;
use crate::plan::Plan;
use crate::plan::Runs;
use crate::plan::TransportKind;
use crate::run::Place;

/// Why `apply` refuses a pair now, although its files are good; one reason a line.
pub(super) fn why_not(plan: &Plan, inventory: &Inventory, rows: &[PathRow]) -> Vec<String> {
    let hosts = [
        (Place::Source, &inventory.source),
        (Place::Destination, &inventory.destination),
    ];
    let those = |refused: fn(&HostSpec) -> bool| -> Vec<String> {
        let those = hosts.iter().filter(|(_, host)| refused(host));
        those.map(|(place, _)| format!("the {place}")).collect()
    };
    let mut reasons = Vec::new();
    match those(is_windows).as_slice() {
        [] => {}
        [one] => reasons.push(format!(
            "{one} is a Windows server: this version can only change Linux servers"
        )),
        all => reasons.push(format!(
            "{} are Windows servers: this version can only change Linux servers",
            all.join(" and ")
        )),
    }
    let runs = |id: &str| rows.iter().any(|row| row.id == id && row.runs != Runs::No);
    let takes_over = plan.stages.iter().find(|stage| {
        stage.uses == "domain.join" && stage.on == Place::Destination && runs(stage.id.as_str())
    });
    if let Some(stage) = takes_over
        && inventory.source.domain_joined == Some(false)
    {
        reasons.push(format!(
            "`{}` takes the source's computer account over, and a source in a workgroup has none: \
             this version cannot make a new one",
            stage.id
        ));
    }
    reasons
}

fn is_windows(host: &HostSpec) -> bool {
    host.os == Some(Os::Windows) || host.transport() == TransportKind::Winrm
}
