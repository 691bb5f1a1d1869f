//! How a run's end is told: below the error what is known of it.

use std::path::Path;

use insta::assert_snapshot;
use sms_plan::action::roots;
use sms_plan::report::ending;

use super::desk::Desk;

fn told(desk: &Desk) -> String {
    let roots = roots(&desk.plan, &desk.inventory, Some(&desk.run));
    ending(&desk.plan, &roots, &desk.run, Path::new("/state"))
}

#[test]
fn below_the_error_stands_what_is_known_of_it() {
    let error = "join `fs01-old` to `LAB.TEST`: Re-using the account was blocked by security policy (0xaac)";
    let desk = Desk::linux()
        .until("join-source")
        .fails("join-source", error);
    assert_snapshot!(told(&desk));
}

#[test]
fn a_stage_may_decide_what_an_error_means() {
    let error = "`fs01` did not come back in time";
    let source = Desk::windows("2019").until("wait-source-after-leave");
    let told = told(&source.fails("wait-source-after-leave", error));
    assert!(
        told.contains("known issue K07: The source never answers after its restart"),
        "{told}"
    );
}

#[test]
fn nothing_is_made_up_where_nothing_is_known() {
    let desk = Desk::linux()
        .until("join-source")
        .fails("join-source", "the moon is full");
    let told = told(&desk);
    assert!(!told.contains("known issue"), "{told}");
}
