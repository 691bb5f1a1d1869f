//! What a client sees that reads a file of the share every half second, all through a cutover.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncBufReadExt as _;
use tokio::io::BufReader;
use tokio::process::Command;

use super::machines;
use super::say;
use super::scene::Scene;

const AFTER_THE_RUN: Duration = Duration::from_secs(8);

#[tokio::test]
async fn a_client_with_new_tickets_is_served_again() {
    let Some(scene) = Scene::new("a_client_with_new_tickets_is_served_again") else {
        return;
    };
    outage(&scene, "fresh").await;
}

#[tokio::test]
async fn a_client_that_keeps_its_old_ticket_is_served_again_without_a_new_logon() {
    let Some(scene) =
        Scene::new("a_client_that_keeps_its_old_ticket_is_served_again_without_a_new_logon")
    else {
        return;
    };
    outage(&scene, "kept").await;
}

/// One poll of the client.
struct Poll {
    at: f64,
    answer: String,
}

/// Polls through a whole cutover and prints how long nothing was served.
async fn outage(scene: &Scene, tickets: &str) {
    let mut poller = Command::new(machines::program())
        .args(["poll", tickets, "--seconds", "600", "--interval", "0.5"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(poller.stdout.take().unwrap()).lines();
    let mut polls = vec![parsed(&lines.next_line().await.unwrap().unwrap())];
    let (read, ended) = tokio::join!(
        async {
            while let Some(line) = lines.next_line().await.unwrap() {
                polls.push(parsed(&line));
            }
        },
        async {
            let ended = scene.apply(&[]).await;
            tokio::time::sleep(AFTER_THE_RUN).await;
            // The poller ends its own children where it is asked politely.
            let pid = poller.id().unwrap().to_string();
            let kill = Command::new("kill").args(["-TERM", &pid]).status().await;
            assert!(kill.unwrap().success());
            ended
        }
    );
    let () = read;
    poller.wait().await.unwrap();
    ended.with(0);

    let served = |poll: &&Poll| poll.answer.starts_with("ok ");
    assert_eq!(polls[0].answer, "ok served by machine-fs01");
    let last = polls.last().unwrap();
    assert_eq!(last.answer, "ok served by machine-fs02", "{tickets} ticket");
    let first_failed = polls.iter().find(|poll| !served(poll)).unwrap();
    let back = polls.iter().rfind(|poll| !served(poll)).unwrap();
    let first_back = polls
        .iter()
        .find(|poll| poll.at > first_failed.at && served(poll))
        .unwrap();
    let lasting = polls
        .iter()
        .find(|poll| poll.at > back.at && served(poll))
        .unwrap();
    say(&format!(
        "FIGURE: outage of a client with a {tickets} ticket, polling every 0.5 s: {:.1} s, for good after {:.1} s",
        first_back.at - first_failed.at,
        lasting.at - first_failed.at,
    ));
    for pair in polls.windows(2) {
        if pair[0].answer != pair[1].answer {
            let since = pair[1].at - polls[0].at;
            say(&format!("    at {since:5.1} s: {}", pair[1].answer));
        }
    }
    scene.before.ended_well([2, 2]);
}

fn parsed(line: &str) -> Poll {
    let (at, answer) = line.split_once(' ').unwrap();
    Poll {
        at: at.parse().unwrap(),
        answer: answer.to_owned(),
    }
}
