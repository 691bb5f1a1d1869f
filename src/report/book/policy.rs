//! Which server's `LocalAccountTokenFilterPolicy` is to be put back.

use super::compose::BookOf;
use super::compose::whole;
use super::stands::is_in_doubt;
use crate::report::document::Section;
use crate::run::Place;
use crate::run::StageStatus;

/// Which server's policy is to be put back: only what this run has changed, or may have (the
/// document's "Manual cutover", 3b).
pub(super) fn policy(of: &BookOf<'_>) -> Section {
    let mut section = Section::new("The local account token filter policy");
    let stages = |uses: &str, place: Place| -> Vec<usize> {
        let here =
            |(_, stage): &(usize, &crate::plan::Stage)| stage.uses == uses && stage.on == place;
        let stages = of.plan.stages.iter().enumerate().filter(here);
        stages.map(|(position, _)| position).collect()
    };
    let percent = |positions: &[usize]| match positions {
        [first, ..] => format!("{}%", whole(of.plan.starts_at(*first))),
        [] => "no stage".to_owned(),
    };
    let [source, destination] = [Place::Source, Place::Destination].map(|place| {
        let (relax, restore) = (
            stages("token_filter.relax", place),
            stages("token_filter.restore", place),
        );
        let (relaxed, restored) = (percent(&relax), percent(&restore));
        (place, relax, restore, relaxed, restored)
    });
    section.say(format!(
        "The policy is changed at {} on the source and at {} on the destination, and put back at {} \
         and at {}. Only what this run has changed needs to be put back.",
        source.3, destination.3, source.4, destination.4
    ));
    for (place, relax, restore, relaxed, restored) in [source, destination] {
        let status = |position: &usize| of.run.map(|run| run.stage(*position).status);
        let changed = relax.iter().any(|position| {
            of.run.is_some_and(|run| is_in_doubt(run, *position))
                || matches!(
                    status(position),
                    Some(StageStatus::Succeeded | StageStatus::Adopted)
                )
        });
        let back = restore.iter().any(|position| {
            matches!(
                status(position),
                Some(StageStatus::Succeeded | StageStatus::Adopted)
            )
        });
        section.say(match (changed, back) {
            (false, _) => format!("The {place}: no change is needed; this run has not changed it ({relaxed})."),
            (true, true) => format!("The {place}: no change is needed; it was put back ({restored})."),
            (true, false) => format!(
                "The {place}: put it back, with the commands of the step at {restored}; this run has \
                 changed it, or may have ({relaxed})."
            ),
        });
    }
    section
}
