//! Whether anybody answers at a port, without logging on.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

/// What came of knocking at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knock {
    /// Somebody accepts connections there.
    Open,
    /// Somebody is there and accepts none.
    Closed(String),
    /// Nobody answers.
    Silent(String),
}

impl Knock {
    /// What was heard, where the port is not open.
    pub fn problem(self) -> Option<String> {
        match self {
            Self::Open => None,
            Self::Closed(words) | Self::Silent(words) => Some(words),
        }
    }
}

/// Knocks at a TCP port of this machine's own network.
pub async fn knock(address: &str, port: u16, limit: Duration) -> Knock {
    match timeout(limit, TcpStream::connect((address, port))).await {
        Ok(Ok(_)) => Knock::Open,
        // A refusal is an answer as well: somebody is there.
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            Knock::Closed(error.to_string())
        }
        Ok(Err(error)) => Knock::Silent(error.to_string()),
        Err(_) => Knock::Silent(format!("no answer within {} s", limit.as_secs_f64())),
    }
}
