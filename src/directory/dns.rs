//! Names of the domain, asked at the domain's own DNS servers and nowhere else.
//!
//! The orchestrator need not be a member, so its own resolver may know the domain differently or
//! not at all; and after a change only the answer of the domain's server counts, without caches.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::op::Query;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::Name;
use hickory_proto::rr::RData;
use hickory_proto::rr::RecordType;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// The port of DNS.
const PORT: u16 = 53;
/// How often a question is sent to one server by UDP before the next server is asked.
const TRIES: u32 = 3;
/// How many aliases are followed before they are taken for a circle.
const MOST_ALIASES: usize = 8;
/// The longest answer taken by UDP: what an answer without EDNS may have, and some more.
const UDP_ANSWER: usize = 4096;

/// A client for a few given DNS servers.
#[derive(Clone, Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    limit: Duration,
}

/// Why a name could not be resolved. That there is no such name is an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// The inventory gives no DNS server.
    #[error("no DNS server is given")]
    NoServer,
    /// It cannot be asked for.
    #[error("`{0}` is not a DNS name")]
    Name(String),
    /// No server answered in time.
    #[error("the DNS server {server} did not answer within {seconds} s")]
    Timeout {
        /// The last server asked.
        server: SocketAddr,
        /// The limit for one server.
        seconds: u64,
    },
    /// The server cannot be reached.
    #[error("the DNS server {server} cannot be reached: {text}")]
    Unreachable {
        /// The last server asked.
        server: SocketAddr,
        /// The cause.
        text: String,
    },
    /// The server refused or failed.
    #[error("the DNS server {server} answered `{code}`")]
    Refused {
        /// The last server asked.
        server: SocketAddr,
        /// Its response code.
        code: String,
    },
    /// The aliases go round.
    #[error("`{0}` is an alias of an alias without end")]
    Circle(String),
}

/// One step of a resolution.
enum Step {
    Found(Vec<IpAddr>),
    Alias(Name),
}

impl Resolver {
    /// Makes a client that asks `servers` in this order, each for at most `limit`.
    pub fn new(servers: &[IpAddr], limit: Duration) -> Self {
        let servers = servers
            .iter()
            .map(|address| SocketAddr::new(*address, PORT))
            .collect();
        Self { servers, limit }
    }

    /// Like [`Self::new`], for servers at other ports.
    pub fn at(servers: Vec<SocketAddr>, limit: Duration) -> Self {
        Self { servers, limit }
    }

    /// Returns all IPv4 and IPv6 addresses of `host`, aliases followed, sorted.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let mut found = BTreeSet::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let mut name = full_name(host)?;
            let mut followed = 0;
            loop {
                match step(&self.ask(&name, kind).await?, &name) {
                    Step::Found(addresses) => break found.extend(addresses),
                    Step::Alias(_) if followed == MOST_ALIASES => {
                        return Err(DnsError::Circle(host.to_owned()));
                    }
                    Step::Alias(next) => name = next,
                }
                followed += 1;
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Returns the name that `host` is an alias of, without the last dot.
    pub async fn alias(&self, host: &str) -> Result<Option<String>, DnsError> {
        let answer = self.ask(&full_name(host)?, RecordType::CNAME).await?;
        let alias = answer.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.to_ascii().trim_end_matches('.').to_owned()),
            _ => None,
        });
        Ok(alias)
    }

    /// Asks one server after the other until one answers.
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Message, DnsError> {
        let mut failure = DnsError::NoServer;
        for server in &self.servers {
            match self.ask_server(*server, name, kind).await {
                Ok(answer) => return Ok(answer),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn ask_server(
        &self,
        server: SocketAddr,
        name: &Name,
        kind: RecordType,
    ) -> Result<Message, DnsError> {
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(name.clone(), kind));
        let lost = |error: io::Error| DnsError::Unreachable {
            server,
            text: error.to_string(),
        };
        let late = || DnsError::Timeout {
            server,
            seconds: self.limit.as_secs(),
        };
        let bytes = question
            .to_vec()
            .map_err(|_| DnsError::Name(name.to_string()))?;
        let exchange = async {
            let answer = by_udp(server, &question, &bytes, self.limit / TRIES).await?;
            if answer.metadata.truncation {
                by_tcp(server, &question, &bytes).await
            } else {
                Ok(answer)
            }
        };
        let answer = timeout(self.limit, exchange).await.map_err(|_| late())?;
        let answer = answer.map_err(lost)?;
        match answer.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => Ok(answer),
            code => Err(DnsError::Refused {
                server,
                code: code.to_string(),
            }),
        }
    }
}

/// Reads a DNS name as fully qualified, so that no search list is applied.
fn full_name(host: &str) -> Result<Name, DnsError> {
    let mut name = Name::from_ascii(host).map_err(|_| DnsError::Name(host.to_owned()))?;
    name.set_fqdn(true);
    Ok(name)
}

/// Reads an answer: addresses, or the end of the chain of aliases if that has none in this answer.
fn step(answer: &Message, asked: &Name) -> Step {
    let mut name = asked.clone();
    for _ in 0..=answer.answers.len() {
        let next = answer.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == name => Some(target.0.clone()),
            _ => None,
        });
        let Some(next) = next else { break };
        name = next;
    }
    let addresses: Vec<IpAddr> = answer
        .answers
        .iter()
        .filter(|record| record.name == name)
        .filter_map(|record| match record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        })
        .collect();
    if addresses.is_empty() && name != *asked {
        Step::Alias(name)
    } else {
        Step::Found(addresses)
    }
}

/// Whether `bytes` answer `question`: a stray or forged datagram is passed over.
fn matching(bytes: &[u8], question: &Message) -> Option<Message> {
    let answer = Message::from_vec(bytes).ok()?;
    let ours = answer.metadata.id == question.metadata.id && answer.queries == question.queries;
    ours.then_some(answer)
}

async fn by_udp(
    server: SocketAddr,
    question: &Message,
    bytes: &[u8],
    wait: Duration,
) -> io::Result<Message> {
    let any = if server.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    // Sends again as long as the caller waits: datagrams get lost.
    loop {
        socket.send(bytes).await?;
        let answer = timeout(wait, async {
            let mut buffer = vec![0; UDP_ANSWER];
            loop {
                let length = socket.recv(&mut buffer).await?;
                if let Some(answer) = matching(&buffer[..length], question) {
                    return io::Result::Ok(answer);
                }
            }
        });
        if let Ok(answer) = answer.await {
            return answer;
        }
    }
}

async fn by_tcp(server: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    let framed = [&length.to_be_bytes(), bytes].concat();
    stream.write_all(&framed).await?;
    let mut buffer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut buffer).await?;
    matching(&buffer, question).ok_or_else(|| io::Error::other("an answer to another question"))
}
