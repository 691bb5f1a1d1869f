//! The YAML language server as an editor drives it: JSON-RPC over its standard input and output.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::root;

/// How long the server may be silent while an answer is due; it mostly takes milliseconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running server.
pub(super) struct Server {
    process: Child,
    input: ChildStdin,
    output: Receiver<Value>,
    asked: u64,
    /// The latest diagnostics, by document.
    published: BTreeMap<String, Value>,
}

/// A text that is open in the editor, and where its cursor is.
pub(super) struct Document {
    uri: String,
    cursor: Value,
}

impl Server {
    /// Starts the server as an editor does that knows of no schema but by a file's own comment.
    pub(super) fn start(tools: &Path) -> Self {
        let program = tools.join("node_modules/yaml-language-server/bin/yaml-language-server");
        let mut process = Command::new("node")
            .arg(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let input = process.stdin.take().expect("standard input");
        let mut from = BufReader::new(process.stdout.take().expect("standard output"));
        // A thread of its own, so that a silent server ends a test and does not hang it.
        let (to, output) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut from) {
                if to.send(message).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            process,
            input,
            output,
            asked: 0,
            published: BTreeMap::new(),
        };
        let words = ["markdown", "plaintext"];
        server.ask(
            "initialize",
            &json!({
                "processId": std::process::id(),
                "rootUri": uri(""),
                "capabilities": {
                    "workspace": { "configuration": true },
                    "textDocument": {
                        "publishDiagnostics": {},
                        "hover": { "contentFormat": words },
                        "completion": {
                            "completionItem": { "snippetSupport": true, "documentationFormat": words },
                        },
                    },
                },
            }),
        );
        server.send(&json!({ "method": "initialized", "params": {} }));
        server
    }

    /// Opens a text under a path of the project, where it need not be; `|` is the cursor, the first
    /// one if there are several.
    pub(super) fn open(&mut self, path: &str, marked: &str) -> Document {
        let (before, text) = match marked.split_once('|') {
            Some((before, after)) => (before, [before, after].concat()),
            None => ("", marked.to_owned()),
        };
        let column = before.rsplit('\n').next().unwrap_or_default();
        let cursor = json!({
            "line": before.matches('\n').count(),
            "character": column.encode_utf16().count(),
        });
        let uri = uri(path);
        self.published.remove(&uri);
        let item = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.send(&json!({
            "method": "textDocument/didOpen",
            "params": { "textDocument": item },
        }));
        Document { uri, cursor }
    }

    /// What is wrong with a text, as `line:column message` (from 1) in the order of the text.
    pub(super) fn diagnostics(&mut self, document: &Document) -> Vec<String> {
        let published = loop {
            match self.published.remove(&document.uri) {
                Some(published) => break published,
                None => self.listen(),
            }
        };
        let mut found: Vec<(u64, u64, String)> = published
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| {
                let at = |field: &str| one["range"]["start"][field].as_u64().expect("a place") + 1;
                let message = one["message"].as_str().expect("words");
                (at("line"), at("character"), message.to_owned())
            })
            .collect();
        found.sort();
        found
            .into_iter()
            .map(|(line, column, message)| format!("{line}:{column} {message}"))
            .collect()
    }

    /// What may be put in at the cursor: labels, and what is said of each.
    pub(super) fn completions(&mut self, document: &Document) -> BTreeMap<String, String> {
        let answer = self.ask_at("textDocument/completion", document);
        let items = answer["items"].as_array().or_else(|| answer.as_array());
        items
            .expect("a list")
            .iter()
            .map(|item| {
                let said = &item["documentation"];
                let said = said.as_str().or_else(|| said["value"].as_str());
                let label = item["label"].as_str().expect("a label");
                (label.to_owned(), said.unwrap_or_default().to_owned())
            })
            .collect()
    }

    /// What is said of the word at the cursor, as Markdown.
    pub(super) fn hover(&mut self, document: &Document) -> String {
        let answer = self.ask_at("textDocument/hover", document);
        let said = answer["contents"]["value"].as_str();
        said.unwrap_or_default().to_owned()
    }

    fn ask_at(&mut self, method: &str, document: &Document) -> Value {
        let place = json!({
            "textDocument": { "uri": document.uri },
            "position": document.cursor,
        });
        self.ask(method, &place)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "id": id, "method": method, "params": params }));
        loop {
            let mut message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
            self.take(&message);
        }
    }

    fn listen(&mut self) {
        let message = self.receive();
        self.take(&message);
    }

    /// Takes what was not asked for: diagnostics, and the server's own questions.
    fn take(&mut self, message: &Value) {
        match message["method"].as_str() {
            Some("textDocument/publishDiagnostics") => {
                let uri = message["params"]["uri"].as_str().expect("a document");
                let found = message["params"]["diagnostics"].clone();
                self.published.insert(uri.to_owned(), found);
            }
            Some("workspace/configuration") => {
                // Nothing is looked up on the network: schemas come by the comment in the file.
                let settings = |item: &Value| match item["section"].as_str() {
                    Some("yaml") => json!({ "schemaStore": { "enable": false } }),
                    _ => json!({}),
                };
                let items = message["params"]["items"].as_array().expect("a list");
                let result: Vec<Value> = items.iter().map(settings).collect();
                self.send(&json!({ "id": message["id"], "result": result }));
            }
            Some(_) if message.get("id").is_some() => {
                self.send(&json!({ "id": message["id"], "result": null }));
            }
            _ => {}
        }
    }

    fn receive(&self) -> Value {
        let message = self.output.recv_timeout(PATIENCE);
        message.expect("the language server is silent")
    }

    fn send(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = "2.0".into();
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.input.flush())
            .expect("the language server listens");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed halfway says why by itself; here only nothing may be left running.
        if self.process.kill().is_ok() {
            self.process.wait().expect("its end");
        }
    }
}

fn uri(path: &str) -> String {
    format!("file://{}/{path}", root().display())
}

/// Reads one message; nothing at the end of the stream.
fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
