//! What is kept of a run: a cutover of the twin with a failure, a resume and a power cut.

use insta::assert_snapshot;
use sms_plan::action::roots;
use sms_plan::rehearse::{Rehearsal, Setting};
use sms_plan::report::document::{Document, html, markdown, text};
use sms_plan::report::{Closing, closing};
use sms_plan::run::RunState;

use crate::rehearse::{example, fault, held};

fn report(setting: &Setting, rehearsal: &Rehearsal) -> Document {
    closing(&Closing {
        plan: &setting.plan,
        roots: &roots(&setting.plan, &setting.inventory, Some(&rehearsal.run)),
        run: &rehearsal.run,
        events: &rehearsal.events,
    })
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_as_it_is_kept() {
    let setting = Setting {
        faults: vec![
            fault("leave-source=power-cut"),
            fault("rename-destination=refused"),
        ],
        resumes: 1,
        ..example("linux-to-linux-domain")
    };
    let rehearsal = held(&setting).await;
    assert_eq!(rehearsal.run.state(), RunState::Succeeded);
    assert_snapshot!(text(&report(&setting, &rehearsal)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stands_still_has_nothing_left_to_do() {
    let setting = Setting {
        faults: vec![fault("join-destination=refused")],
        ..example("windows-2019-domain")
    };
    let rehearsal = held(&setting).await;
    let text = text(&report(&setting, &rehearsal));
    assert_eq!(rehearsal.run.state(), RunState::Failed);
    assert!(text.contains("State: failed, at 77%."), "{text}");
    assert!(!text.contains("What is left to do"), "{text}");
    assert!(text.contains("Failed: attempt 1"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_bar_in_a_cell_ends_no_cell() {
    let setting = example("linux-to-linux-domain");
    let rehearsal = held(&setting).await;
    let mut document = report(&setting, &rehearsal);
    let table = &mut document.sections[1].table;
    table.rows = vec![vec![
        "`a|b`".to_owned(),
        "<c>".to_owned(),
        String::new(),
        String::new(),
    ]];
    let markdown = markdown(&document);
    assert!(markdown.contains("| `a\\|b` | \\<c\\> |"), "{markdown}");
    let html = html(&document);
    let row = "<tr><td><code>a|b</code></td><td>&lt;c&gt;</td><td></td><td></td></tr>";
    assert!(html.contains(row), "{html}");
}
