//! The words for facts and for what conditions ask of them.

use serde_json::Value;

use super::plain;
use super::term::Fact;
use super::term::Known;

/// Tells facts as they are, host by host: "source is Linux in a workgroup".
pub(super) fn facts(known: &[Known<'_>]) -> String {
    let mut told: Vec<(Vec<&str>, String)> = Vec::new();
    for (host, facts) in by_host(known) {
        let says = predicate(&facts);
        match told
            .iter_mut()
            .find(|(_, also)| *also == says && says.starts_with("is "))
        {
            Some((hosts, _)) => hosts.push(host),
            None => told.push((vec![host], says)),
        }
    }
    let sentence = |(hosts, says): &(Vec<&str>, String)| match hosts.as_slice() {
        [one] => format!("{one} {says}"),
        many => format!("{} {}", many.join(" and "), says.replace("is ", "are ")),
    };
    told.iter().map(sentence).collect::<Vec<_>>().join(", and ")
}

/// Tells which facts are not known yet, and when they will be.
pub(super) fn open(unknown: &[Known<'_>]) -> String {
    let mut told: Vec<String> = Vec::new();
    for one in unknown {
        let host = one.host;
        let words = match one.fact.name() {
            "os" => format!("the operating system of the {host}"),
            "osVersion" => format!("the release of the {host}"),
            "domainJoined" => format!("whether the {host} is in a domain"),
            "clustered" => format!("whether the {host} is in a cluster"),
            name => format!("the `{name}` of the {host}"),
        };
        if !told.contains(&words) {
            told.push(words);
        }
    }
    let verb = if told.len() == 1 { "is" } else { "are" };
    format!("{} {verb} learned when connecting", told.join(" and "))
}

/// Tells for whom a stage is: "is only for Windows", "is not for a server in a cluster".
pub(super) fn only_for(against: &[Known<'_>]) -> String {
    if let [one] = against
        && one.fact.name() == "restartAfterJoin"
    {
        let does = if one.holds { "does not" } else { "does" };
        return format!("is only for a server that {does}");
    }
    // Of a fact with two values the other one can be named.
    let named = matches!(against, [one] if ["os", "domainJoined"].contains(&one.fact.name()));
    if !named && !against.is_empty() && against.iter().all(|one| one.holds) {
        let classes = by_host(against);
        let classes: Vec<String> = classes
            .iter()
            .map(|(_, facts)| class(facts, true))
            .collect();
        return format!("is not for {}", classes.join(" and "));
    }
    let mut words: Vec<String> = Vec::new();
    for one in against {
        let demand = demand(one.demand, !one.holds);
        if !words.contains(&demand) {
            words.push(demand);
        }
    }
    format!("is only for {}", words.join(" or for "))
}

/// Tells under which condition a question was asked at all: "on Linux, ". Says nothing that the
/// facts say themselves.
pub(super) fn among(chosen: &[Known<'_>], against: &[Known<'_>]) -> String {
    let system = |one: &&Known<'_>| one.fact.name() == "os";
    let told = against
        .iter()
        .any(|one| ["os", "osVersion"].contains(&one.fact.name()));
    match chosen.iter().find(system) {
        Some(one) if !told => format!("on {}, ", system_name(&plain(&one.value))),
        _ => String::new(),
    }
}

/// Groups facts by their host, in the order in which they come.
fn by_host<'a, 'b>(known: &'b [Known<'a>]) -> Vec<(&'a str, Vec<&'b Known<'a>>)> {
    let mut groups: Vec<(&str, Vec<&Known<'_>>)> = Vec::new();
    for one in known {
        match groups.iter_mut().find(|(host, _)| *host == one.host) {
            Some((_, group)) => group.push(one),
            None => groups.push((one.host, vec![one])),
        }
    }
    groups
}

/// What is said of a host: "is Linux in a domain and restarts after its join".
fn predicate(facts: &[&Known<'_>]) -> String {
    let mut parts = Vec::new();
    let of_kind = ["os", "osVersion", "domainJoined", "clustered"];
    if facts.iter().any(|one| of_kind.contains(&one.fact.name())) {
        parts.push(format!("is {}", class(facts, false)));
    }
    let mut reached = Vec::new();
    for one in facts
        .iter()
        .filter(|one| !of_kind.contains(&one.fact.name()))
    {
        let words = match (one.fact.name(), plain(&one.value).as_str()) {
            ("restartAfterJoin", "true") => "restarts after its join".to_owned(),
            ("restartAfterJoin", _) => "does not restart after its join".to_owned(),
            ("scope", "local") => {
                "is logged on to with a local account, which outlives the domain".to_owned()
            }
            ("scope", _) => {
                "is logged on to with a domain account, which does not outlive the domain"
                    .to_owned()
            }
            ("transport", value) => format!("is reached over {}", transport(value)),
            (name, _) => format!("has the `{name}` {}", one.value),
        };
        if !reached.contains(&words) {
            reached.push(words);
        }
    }
    parts.extend(reached);
    parts.join(" and ")
}

/// The kind of a server as a noun: "Windows Server 2019 in a cluster", "in a workgroup"; for a
/// demand, without what nobody asked for: "Windows in a cluster", "a server in a workgroup".
fn class(facts: &[&Known<'_>], demand: bool) -> String {
    let find = |name: &str| facts.iter().find(|one| one.fact.name() == name);
    let release = find("osVersion");
    let system = find("os").or(release).map(|one| match &one.system {
        (Some(os), Some(version)) if os == "windows" && (!demand || release.is_some()) => {
            format!("Windows Server {version}")
        }
        (Some(os), _) => system_name(os).to_owned(),
        (None, _) => format!("release {}", plain(&one.value)),
    });
    let mut words: Vec<String> = match system {
        Some(system) => vec![system],
        None if demand => vec!["a server".to_owned()],
        None => Vec::new(),
    };
    if let Some(one) = find("domainJoined") {
        words.push(membership(one.value == true).to_owned());
    }
    let mut text = words.join(" ");
    match find("clustered").map(|one| one.value == true) {
        Some(true) => text.push_str(" in a cluster"),
        Some(false) if text.is_empty() || text == "a server" => text.push_str(" not in a cluster"),
        Some(false) => text.push_str(", not in a cluster"),
        None => {}
    }
    text.trim().to_owned()
}

/// What a condition asks for, as a noun.
fn demand(fact: &Fact, wanted: bool) -> String {
    let one = |value: &Value| (*value == true) == wanted;
    match (fact.name(), fact.among.as_slice()) {
        ("os", [Value::String(os)]) => {
            let other = if os == "windows" { "linux" } else { "windows" };
            system_name(if wanted { os } else { other }).to_owned()
        }
        ("osVersion", releases) => {
            let releases: Vec<String> = releases.iter().map(plain).collect();
            let not = if wanted { "" } else { "another release than " };
            format!("{not}Windows Server {}", releases.join(" or "))
        }
        ("domainJoined", [value]) => format!("a server {}", membership(one(value))),
        ("clustered", [value]) if one(value) => "a server in a cluster".to_owned(),
        ("clustered", [_]) => "a server that is not in a cluster".to_owned(),
        ("restartAfterJoin", [value]) if one(value) => {
            "a server that restarts after its join".to_owned()
        }
        ("restartAfterJoin", [_]) => "a server that does not restart after its join".to_owned(),
        ("scope", [value]) => {
            let domain = (*value == "domain") == wanted;
            let whose = if domain { "domain" } else { "local" };
            format!("a server that is logged on to with a {whose} account")
        }
        ("transport", [Value::String(kind)]) if wanted => {
            format!("a server that is reached over {}", transport(kind))
        }
        (name, values) => {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            let not = if wanted { "" } else { "another than " };
            format!("a server with {not}the `{name}` {}", values.join(" or "))
        }
    }
}

fn membership(in_domain: bool) -> &'static str {
    if in_domain {
        "in a domain"
    } else {
        "in a workgroup"
    }
}

fn system_name(os: &str) -> &str {
    match os {
        "windows" => "Windows",
        "linux" => "Linux",
        other => other,
    }
}

fn transport(kind: &str) -> &str {
    match kind {
        "ssh" => "SSH",
        "winrm" => "WinRM",
        other => other,
    }
}
