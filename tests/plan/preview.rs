//! What people read of a path before it is taken, for every kind of pair.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sms_plan::plan::Runs;
use sms_plan::plan::kinds;
use sms_plan::plan::path;

use super::cutover;

/// Every stage with everything that is said of it, and of which kinds.
#[test]
fn reasons_name_the_facts_of_the_servers() {
    let plan = cutover();
    let mut told: Vec<BTreeMap<(&str, String), Vec<&str>>> = vec![BTreeMap::new(); 49];
    for kind in kinds() {
        for (row, told) in path(&plan, &kind.roots()).into_iter().zip(&mut told) {
            let runs = match row.runs {
                Runs::Yes => "runs",
                Runs::No => "skip",
                Runs::Unknown => "?",
            };
            told.entry((runs, row.reason)).or_default().push(kind.code);
        }
    }
    let mut text = String::new();
    for (stage, told) in plan.stages.iter().zip(&told[1..]) {
        writeln!(text, "{}", stage.id).unwrap();
        for ((runs, reason), kinds) in told {
            writeln!(text, "  {runs}  {reason}\n        {}", kinds.join(" ")).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}
