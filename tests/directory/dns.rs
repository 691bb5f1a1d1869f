//! Names of the domain at the domain's own server, and what a server can do wrong.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use sms_plan::directory::DirectoryReader;
use sms_plan::directory::DnsError;
use sms_plan::directory::Resolver;
use tokio::net::UdpSocket;

use super::Lab;

#[tokio::test]
async fn names_of_the_domain() {
    let Some(_lab) = Lab::open("names_of_the_domain") else {
        return;
    };
    let directory = Lab::admin();
    let controller: IpAddr = Lab::value("LAB_DC_ADDRESS").parse().expect("an address");
    assert_eq!(
        directory.lookup("dc1.lab.test").await.expect("ask"),
        [controller]
    );
    assert_eq!(directory.lookup("dc1").await.expect("ask"), [controller]);
    assert!(directory.lookup("zz-nobody").await.expect("ask").is_empty());
    let source = directory.lookup("fs01").await.expect("ask");
    assert!(!source.is_empty());
    assert_eq!(
        directory.lookup("files").await.expect("ask"),
        source,
        "through its alias"
    );
    let alias = directory.alias_of("files").await.expect("ask");
    assert_eq!(alias.as_deref(), Some("fs01.lab.test"));
    assert_eq!(directory.alias_of("fs01").await.expect("ask"), None);
}

/// A DNS server that gives `answer` a question and sends what it gets from it.
async fn server(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let _client_may_be_gone = socket.send_to(&answer(&buffer[..length]), from).await;
        }
    });
    address
}

/// The question as an answer: response bit, `code`, and one address record when `address` is given.
fn answer(question: &[u8], code: u8, address: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2] |= 0x80;
    bytes[3] = code;
    // Only type A (1) gets the record; the type stands before the class at the end.
    let kind = bytes[bytes.len() - 3];
    if let (Some(address), 1) = (address, kind) {
        bytes[7] = 1;
        bytes.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        bytes.extend_from_slice(&address);
    }
    bytes
}

#[tokio::test]
async fn the_next_server_is_asked_when_one_refuses() {
    let refusing = server(|question| answer(question, 5, None)).await;
    let good = server(|question| answer(question, 0, Some([10, 0, 0, 7]))).await;
    let resolver = Resolver::at(vec![refusing, good], Duration::from_secs(2));
    let found = resolver.addresses("fs01.lab.test").await.expect("ask");
    assert_eq!(found, [IpAddr::from([10, 0, 0, 7])]);
    let error = Resolver::at(vec![refusing], Duration::from_secs(2))
        .addresses("x.lab.test")
        .await;
    assert!(matches!(error, Err(DnsError::Refused { .. })), "{error:?}");
}

#[tokio::test]
async fn an_answer_to_another_question_is_passed_over() {
    let forging = server(|question| {
        let mut bytes = answer(question, 0, Some([6, 6, 6, 6]));
        bytes[0] ^= 0xff;
        bytes
    })
    .await;
    let error = Resolver::at(vec![forging], Duration::from_millis(200))
        .addresses("x.lab.test")
        .await;
    assert!(matches!(error, Err(DnsError::Timeout { .. })), "{error:?}");
}

#[tokio::test]
async fn no_such_name_is_an_answer() {
    let none = server(|question| answer(question, 3, None)).await;
    let resolver = Resolver::at(vec![none], Duration::from_secs(2));
    assert_eq!(resolver.addresses("x.lab.test").await, Ok(vec![]));
    assert_eq!(
        Resolver::new(&[], Duration::from_secs(1)).alias("x").await,
        Err(DnsError::NoServer)
    );
}
