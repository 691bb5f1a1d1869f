//! Somebody else changes what a killed run was about to change: the run says what it saw, stops for
//! a person, and goes on when that is put right.

use sms_plan::run::{EventKind, StageId};

use super::drive::Drive;
use super::killed::nothing_is_repeated_unseen;
use super::machines::DC;
use super::machines::on;
use super::scene::Scene;

const STAGE: &str = "copy-permissions";

/// Lets the guests of the domain read the object; nobody else asks for that.
const ENTRY: &str = "(A;;RP;;;DG)";

#[tokio::test]
async fn a_foreign_change_is_left_to_a_person() {
    let Some(scene) = Scene::new("a_foreign_change_is_left_to_a_person") else {
        return;
    };
    until_begun(&scene).await;
    on_the_object(&Hand::Adds);
    let ended = scene.resume().await.with(5);
    let told = ended.out + &ended.err;
    let named = [
        "somebody else changed them",
        "--retry copy-permissions --reason",
        "sms-plan adopt",
    ];
    for part in named {
        assert!(told.contains(part), "no `{part}` in {told}");
    }
    // It is still there, so a resume says the same and changes nothing.
    scene.resume().await.with(5);
    on_the_object(&Hand::Removes);
    scene.resume_until_done(1).await;
    nothing_is_repeated_unseen(&scene.journal().await);
    scene.before.ended_well([2, 2]);
}

/// Kills one process after the other, at a start or at the end that follows it, until the stage's
/// start is durable and nothing of it has begun.
async fn until_begun(scene: &Scene) {
    let mut commits = 2;
    let mut program = scene.apply_command(&["--parallel", "1"]);
    for _ in 0..40 {
        program.env("SMS_PLAN_CUT", format!("after:{commits}"));
        let ended = Drive::start(program).end().await;
        assert_eq!(ended.code, None, "it was to be killed: {}", ended.err);
        let journal = scene.journal().await;
        let last = journal.last().expect("its first events");
        let stage = last.stage.as_ref().map(StageId::as_str);
        if stage == Some(STAGE) && matches!(last.kind, EventKind::Started { .. }) {
            return;
        }
        // A resume takes the lease, writes that it has, and that the run was resumed. What it finds
        // begun it begins anew, and must be let end.
        let begun = matches!(last.kind, EventKind::Started { .. });
        commits = if begun { 5 } else { 4 };
        program = scene.program("resume");
        program.args(["--parallel", "1"]);
    }
    panic!("`{STAGE}` never begins");
}

/// What somebody does to the permissions of the destination's object.
enum Hand {
    /// Adds an entry that nobody else asks for.
    Adds,
    /// Takes it away again.
    Removes,
}

fn on_the_object(hand: &Hand) {
    let change = match hand {
        Hand::Adds => {
            format!("sddl.replace('D:AI(', 'D:AI{ENTRY}(', 1).replace('D:(', 'D:{ENTRY}(', 1)")
        }
        Hand::Removes => format!("sddl.replace('{ENTRY}', '')"),
    };
    let line = format!(
        "python3 - <<'END'
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils
parameters = LoadParm()
parameters.load_default()
database = SamDB(lp=parameters, session_info=system_session())
dn = database.search(expression='(sAMAccountName=FS02$)', attrs=['dn'])[0].dn
tools = SDUtils(database)
sddl = tools.get_sd_as_sddl(dn)
changed = {change}
assert changed != sddl, sddl
tools.modify_sd_on_dn(dn, changed)
print('done')
END"
    );
    let said = on(DC, &line);
    assert!(said.ends_with("done"), "{said}");
}
