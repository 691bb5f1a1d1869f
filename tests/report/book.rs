//! The book: the requirements of the document's section "Manual cutover", for each kind of server,
//! before a run and in the middle of one.

use insta::assert_snapshot;
use serde_json::json;
use sms_plan::action::Line;
use sms_plan::report::document::{Document, Section, Step, html, markdown, text};

use super::desk::Desk;

fn steps(book: &Document) -> impl Iterator<Item = &Step> {
    book.sections.iter().flat_map(|section| &section.steps)
}

#[track_caller]
fn step<'a>(book: &'a Document, id: &str) -> &'a Step {
    steps(book)
        .find(|step| step.id == id)
        .unwrap_or_else(|| panic!("no step {id}"))
}

/// The words and commands of one step.
fn of_step(book: &Document, id: &str) -> String {
    let step = step(book, id).clone();
    let section = Section {
        steps: vec![step],
        ..Section::default()
    };
    text(&Document {
        title: String::new(),
        sections: vec![section],
    })
}

#[test]
fn at_41_percent_as_a_person_reads_it() {
    let desk = Desk::linux()
        .until("rename-source")
        .fails("rename-source", "no room on the disk");
    assert_snapshot!(text(&desk.book()));
}

#[test]
fn before_a_run_between_windows_servers() {
    assert_snapshot!(text(&Desk::windows("2019").all()));
}

#[test]
fn c30_the_twelve_steps_of_the_summary_are_its_headings() {
    let book = Desk::windows("2019").all();
    let titles: Vec<&str> = book
        .sections
        .iter()
        .filter(|section| !section.steps.is_empty())
        .map(|section| section.title.split(':').next().unwrap())
        .collect();
    let expected: Vec<String> = (1..=12).map(|step| format!("Step {step}")).collect();
    assert_eq!(titles, expected);
    let document = "Step 5: We remove the source computer from the domain to free up its Active \
                    Directory account, which the destination computer will later take over.";
    assert!(
        book.sections
            .iter()
            .any(|section| section.title == document)
    );
}

#[test]
fn c31_the_failed_stage_its_percent_and_its_step_are_named() {
    let desk = Desk::linux()
        .until("join-source")
        .fails("join-source", "error 2732");
    let told = text(&desk.book());
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "Stage `join-source` (44%, step 7 of the summary) has failed: Adding the source computer to \
             the domain... It said: error 2732"
        ),
        "{told}"
    );
}

#[test]
fn c32_the_documents_stop_command_is_printed_with_its_note() {
    for desk in [Desk::linux(), Desk::windows("2019")] {
        for book in [desk.all(), desk.book()] {
            let told = text(&book);
            assert!(
                told.contains("    Stop-SmsTransfer -Name <string>\n"),
                "{told}"
            );
            assert!(told.contains("Stop-SmsCutover"), "{told}");
        }
    }
}

#[test]
fn c33_each_alternate_name_is_removed_at_57_and_added_after_93() {
    let book = Desk::windows("2019")
        .until("remove-source-alternates")
        .book();
    let source = of_step(&book, "remove-source-alternates");
    for name in ["FSALT", "fsalt.lab.test"] {
        assert!(
            source.contains(&format!("NETDOM COMPUTERNAME fs01-old /REMOVE:{name}\n")),
            "{source}"
        );
    }
    assert_eq!(step(&book, "remove-source-alternates").percent, 57);
    let destination = of_step(&book, "set-destination-alternates");
    assert_eq!(step(&book, "set-destination-alternates").percent, 93);
    let remove = destination
        .find("NETDOM COMPUTERNAME fs01 /REMOVE:fs02.lab.test")
        .unwrap();
    let add = destination
        .find("NETDOM COMPUTERNAME fs01 /ADD:fsalt.lab.test")
        .unwrap();
    assert!(remove < add, "{destination}");
}

/// What the policy's section says of a server.
fn policy(desk: &Desk, server: &str) -> String {
    let book = desk.book();
    let section = book
        .sections
        .iter()
        .find(|section| section.title == "The local account token filter policy");
    let lines = section.unwrap().lines.iter().map(|line| match line {
        Line::Say(words) | Line::Type(words) => words.clone(),
    });
    lines
        .filter(|line| line.starts_with(&format!("The {server}: ")))
        .collect()
}

#[test]
fn c34_the_policy_is_put_back_only_where_this_run_has_changed_it() {
    let no = |server: &str, percent: &str| {
        format!("The {server}: no change is needed; this run has not changed it ({percent}).")
    };
    let untouched = Desk::windows("2019").until("relax-source-token-filter");
    assert_eq!(policy(&untouched, "source"), no("source", "13%"));
    assert!(
        of_step(&untouched.book(), "relax-source-token-filter").contains("No change is needed")
    );
    assert!(
        of_step(&untouched.book(), "restore-source-token-filter").contains("No change is needed")
    );

    let mut doubt = Desk::windows("2019").until("relax-source-token-filter");
    doubt.started("relax-source-token-filter", json!({ "before": null }), None);
    assert!(policy(&doubt, "source").contains("put it back"));

    let changed = Desk::windows("2019").until("rename-source");
    assert!(policy(&changed, "source").contains("put it back"));
    assert!(policy(&changed, "destination").contains("put it back"));
    // What was absent is deleted, what was there is written again.
    let book = changed.book();
    assert!(of_step(&book, "restore-source-token-filter").contains("reg delete HKLM"));
    assert!(of_step(&book, "restore-destination-token-filter").contains("/t REG_DWORD /d 0 /f"));

    let back = Desk::windows("2019").until("leave-destination");
    assert_eq!(
        policy(&back, "source"),
        "The source: no change is needed; it was put back (61%)."
    );
    assert!(policy(&back, "destination").contains("put it back, with"));
    assert_eq!(
        policy(&Desk::linux(), "destination"),
        no("destination", "25%")
    );
}

#[test]
fn c35_old_windows_skips_steps_3_and_4_and_leaves_locally() {
    for release in ["2003", "2008", "2008 R2"] {
        let desk = Desk::windows(release);
        for book in [desk.all(), desk.book()] {
            let told = text(&book);
            assert!(
                !told.contains("Step 3:") && !told.contains("Step 4:"),
                "{release}: {told}"
            );
            assert!(told.contains("Skip steps 3 and 4"), "{release}: {told}");
            let leave = of_step(&book, "leave-source");
            for word in [
                "Sign in locally",
                "SYSDM.CPL",
                "netdom remove fs01",
                "Remove-Computer",
            ] {
                assert!(leave.contains(word), "{release}: {leave}");
            }
        }
    }
    assert!(text(&Desk::windows("2012").all()).contains("Step 3:"));
}

#[test]
fn c36_the_documents_percents_are_quoted() {
    let last = Desk::windows("2019").until("set-destination-alternates");
    for book in [Desk::windows("2019").all(), last.book()] {
        let told = text(&book);
        for percent in ["57%", "13%", "25%", "61%", "97%"] {
            assert!(told.contains(percent), "{percent}: {told}");
        }
    }
}

#[test]
fn only_what_remains_is_written_unless_all_is_asked_for() {
    let desk = Desk::linux().until("rename-source");
    assert_eq!(steps(&desk.book()).next().unwrap().id, "rename-source");
    let all = desk.write(Some(&desk.run), true);
    let first = steps(&all).next().unwrap();
    assert_eq!(
        (first.id.as_str(), first.stands.as_deref()),
        ("connect-source", Some("Done."))
    );
    let skipped = ["relax-source-token-filter", "create-source-account"];
    assert!(!steps(&all).any(|step| skipped.contains(&step.id.as_str())));
}

#[test]
fn later_steps_know_the_names_and_addresses_of_earlier_ones() {
    let book = Desk::linux().until("map-source-network").book();
    assert_eq!(
        step(&book, "map-source-network").place,
        "the source, fs01 (10.98.0.21)"
    );
    assert_eq!(
        step(&book, "rename-source").place,
        "the source, fs01 (10.98.0.41)"
    );
    assert_eq!(
        step(&book, "join-source").place,
        "the source, fs01-old (10.98.0.41)"
    );
    assert_eq!(
        step(&book, "wait-destination-new-name").place,
        "the destination, fs01 (10.98.0.21)"
    );
    let map = of_step(&book, "map-destination-network");
    assert!(
        map.contains("Address=10.98.0.21/24") && map.contains("Address=10.98.0.31/24"),
        "{map}"
    );
}

#[test]
fn adapters_of_windows_are_changed_with_its_own_commands() {
    let book = Desk::windows("2019").until("map-source-network").book();
    let map = of_step(&book, "map-destination-network");
    for command in [
        "New-NetIPAddress -InterfaceAlias 'eth0' -IPAddress 10.98.0.21 -PrefixLength 24 -DefaultGateway \
         10.98.0.1",
        "New-NetIPAddress -InterfaceAlias 'eth0' -IPAddress 10.98.0.31 -PrefixLength 24\n",
        "Set-DnsClientServerAddress -InterfaceAlias 'eth0' -ServerAddresses 10.98.0.10",
    ] {
        assert!(map.contains(command), "{map}");
    }
    let old = of_step(
        &Desk::windows("2008 R2").until("map-source-network").book(),
        "map-source-network",
    );
    let netsh =
        "netsh interface ip set address name=\"eth0\" static 10.98.0.41 255.255.255.0 10.98.0.1 1";
    assert!(old.contains(netsh), "{old}");
}

#[test]
fn passwords_are_where_the_inventory_says_and_never_in_the_book() {
    let told = text(&Desk::linux().all());
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(
        "Credential `admin`, user smsadmin@lab.test: the password is in the environment variable \
         LAB_ADMIN_PASSWORD."
    ));
    assert!(words.contains(
        "Credential `root`, user root: the password is what this prints: pass show root."
    ));
}

#[test]
fn the_page_is_whole_and_escaped() {
    let desk = Desk::linux()
        .until("rename-source")
        .fails("rename-source", "<script>alert('&')</script>");
    let page = html(&desk.book());
    assert!(
        page.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"),
        "{page}"
    );
    assert!(page.contains("Stop-SmsTransfer -Name &lt;string&gt;"));
    assert!(page.contains("@media print"));
    for outside in [
        "<script", "src=", "href=", "http://", "https://", "url(", "@import",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    for tag in ["section", "pre", "div", "code", "p", "h2", "h3"] {
        let open =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn markdown_keeps_commands_as_they_are() {
    let desk = Desk::linux().until("map-source-network");
    let told = markdown(&desk.book());
    assert!(
        told.contains("\n```\nhostnamectl set-hostname fs01-old\n```\n"),
        "{told}"
    );
    assert!(
        told.contains("cat >/etc/systemd/network/10-eth0.network <<'END_OF_FILE'\n[Match]"),
        "{told}"
    );
    assert_eq!(
        told.lines().filter(|line| line.starts_with("```")).count() % 2,
        0
    );
}

#[test]
fn on_its_way_back_as_a_person_reads_it() {
    let mut desk = Desk::linux()
        .until("set-destination-alternates")
        .fails("set-destination-alternates", "no room on the disk")
        .goes_back();
    desk.undone("set-destination-alternates");
    assert_snapshot!(text(&desk.book()));
}

#[test]
fn on_its_way_back_between_windows_servers() {
    let desk = Desk::windows("2019")
        .until("remove-destination-account")
        .goes_back();
    assert_snapshot!(text(&desk.book()));
}

/// The places of the steps, in order, by what they take back.
fn way_back(book: &Document) -> Vec<(&str, &str)> {
    steps(book)
        .map(|step| (step.id.as_str(), step.place.as_str()))
        .collect()
}

#[test]
fn the_way_back_follows_the_servers_to_their_names_and_addresses() {
    let book = Desk::linux().until("wait-destination").goes_back().book();
    let way = way_back(&book);
    let at = |id: &str| way.iter().find(|(other, _)| *other == id).unwrap().1;
    assert_eq!(at("join-destination"), "the destination, fs01 (10.98.0.21)");
    assert_eq!(
        at("rename-destination"),
        "the destination, fs01 (10.98.0.21)"
    );
    assert_eq!(
        at("map-destination-network"),
        "the destination, fs02 (10.98.0.21)"
    );
    assert_eq!(
        at("leave-destination"),
        "the destination, fs02 (10.98.0.22)"
    );
    assert_eq!(at("rename-source"), "the source, fs01-old (10.98.0.41)");
    assert_eq!(at("map-source-network"), "the source, fs01 (10.98.0.41)");
    assert_eq!(at("leave-source"), "the source, fs01 (10.98.0.21)");
}

#[test]
fn the_way_back_holds_only_what_is_left_of_it() {
    let mut desk = Desk::linux().until("join-source").goes_back();
    assert_eq!(way_back(&desk.book())[0].0, "rename-source");
    for stage in [
        "wait-source-after-rename",
        "restart-source-after-rename",
        "rename-source",
    ] {
        desk.undone(stage);
    }
    assert_eq!(way_back(&desk.book())[0].0, "map-source-network");
    let all = text(&desk.book());
    assert!(
        !all.contains("adopt "),
        "nothing is adopted backwards: {all}"
    );
}

#[test]
fn whatever_can_be_undone_has_its_way_back() {
    let windows = Desk::windows("2019").until("nothing").goes_back();
    let linux = Desk::linux().until("nothing").goes_back();
    for desk in [windows, linux] {
        let book = desk.book();
        let told: Vec<&str> = way_back(&book).iter().map(|(id, _)| *id).collect();
        for (position, stage) in desk.plan.stages.iter().enumerate() {
            let ran = desk.run.stage(position).begun.is_some();
            let undone = ran && !stage.nature.back.is_empty();
            assert_eq!(told.contains(&stage.id.as_str()), undone, "{}", stage.id);
        }
    }
}
