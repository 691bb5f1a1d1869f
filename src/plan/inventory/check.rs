//! From a text to an inventory: the schema, and then what a schema cannot say.

use std::net::IpAddr;

use serde_json::Value;

use super::Inventory;
use super::InventorySpec;
use super::Prefixed;
use crate::plan::diagnostic::At;
use crate::plan::diagnostic::Diagnostics;
use crate::plan::diagnostic::Fault;
use crate::plan::diagnostic::Faults;
use crate::plan::diagnostic::did_you_mean;
use crate::plan::diagnostic::nearest;
use crate::plan::document::Document;
use crate::plan::model::Loaded;
use crate::plan::opening::FileKind;
use crate::plan::pointer::escaped;
use crate::plan::schema::schema_of_inventory;
use crate::plan::shape;
use crate::plan::source::Source;

/// The longest computer name, in characters (NetBIOS).
const LONGEST_NAME: usize = 15;

/// Reads an inventory.
///
/// Fails with all faults of the file at once.
pub fn load_inventory(source: &Source) -> Result<Loaded<Inventory>, Diagnostics> {
    let document = Document::read(source, FileKind::Inventory)?;
    let mut faults = Faults::default();
    shape::check(
        &schema_of_inventory(),
        &document.value,
        &mut faults,
        is_secret_in_clear,
    );
    check(&document.value, &mut faults);
    if faults.has_errors() {
        return Err(faults.settle(source));
    }
    match serde_json::from_value::<InventorySpec>(document.value) {
        Ok(spec) => Ok(Loaded {
            value: spec.into_inventory(source),
            warnings: faults.settle(source),
        }),
        // The schema is made from the same types, so this says that they have come apart.
        Err(error) => {
            faults.push(Fault::error("P013", At::value(""), error.to_string()));
            Err(faults.settle(source))
        }
    }
}

/// Whether a password stands where only a reference to one may; then the checks say so, without
/// showing it.
fn is_secret_in_clear(pointer: &str, value: &Value) -> bool {
    pointer.starts_with("/credentials/")
        && pointer.ends_with("/password")
        && value
            .pointer(pointer)
            .is_some_and(|password| !password.is_object())
}

fn check(value: &Value, faults: &mut Faults) {
    for host in ["source", "destination"] {
        check_host(value, host, faults);
    }
    check_same(value, faults);
    check_directory(value, faults);
    check_mapping(value, faults);
    check_credentials(value, faults);
}

fn check_host(value: &Value, place: &str, faults: &mut Faults) {
    let host = &value["hosts"][place];
    let Some(fields) = host.as_object() else {
        return;
    };
    let base = format!("/hosts/{place}");
    for field in ["name", "newName"] {
        if let Some(name) = host[field].as_str() {
            check_name(name, &format!("{base}/{field}"), faults);
        }
    }
    if !fields.contains_key("name") {
        faults.push(
            Fault::warning("P074", At::value(&base), format!("`{place}` has no `name`"))
                .help("with `name`, a machine with another name at this address is refused"),
        );
    }
    check_address(host, &base, "address", faults);
    for field in ["credential", "joinCredential"] {
        check_credential(value, host, &base, field, faults);
    }
    let first = place == "source" || value["hosts"]["source"]["domainJoined"] != true;
    if first && host["domainJoined"] == true && value.get("directory").is_none() {
        faults.push(
            Fault::error(
                "P075",
                At::value(format!("{base}/domainJoined")),
                format!("`{place}` is in a domain, and the file has no `directory`"),
            )
            .help("add `directory: { domain: …, server: …, dns: […], credential: … }`"),
        );
    }
    if place == "destination" {
        for (field, why) in [
            ("newName", "the destination takes the source's name"),
            (
                "network",
                "the destination takes the source's addresses, by `networkMapping`",
            ),
            (
                "restartAfterJoin",
                "only a Linux source leaves open whether it restarts after joining",
            ),
        ] {
            if fields.contains_key(field) {
                let place = At::key(format!("{base}/{field}"));
                let message = format!("`{field}` is only for the source");
                faults.push(Fault::error("P073", place, message).help(why));
            }
        }
    }
    for (adapter, change) in host["network"].as_object().into_iter().flatten() {
        check_adapter(
            change,
            &format!("{base}/network/{}", escaped(adapter)),
            faults,
        );
    }
}

/// The rules of NetBIOS and DNS names together.
fn check_name(name: &str, pointer: &str, faults: &mut Faults) {
    let length = name.chars().count();
    let words = if name.contains('.') {
        format!("`{name}` is a name with its domain")
    } else if length > LONGEST_NAME {
        format!("`{name}` has {length} characters, and a computer name has at most {LONGEST_NAME}")
    } else if name.is_empty() {
        "the name is empty".to_owned()
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        format!("`{name}` holds more than letters, digits and `-`")
    } else if name.starts_with('-') || name.ends_with('-') {
        format!("`{name}` begins or ends with `-`")
    } else if name.chars().all(|c| c.is_ascii_digit()) {
        format!("`{name}` is only digits")
    } else {
        return;
    };
    let help = match name.split_once('.') {
        Some((short, _)) => format!("write the name without its domain: `{short}`"),
        None if name.contains('_') && length <= LONGEST_NAME => {
            format!(
                "`_` is not allowed in names of DNS; write `{}`",
                name.replace('_', "-")
            )
        }
        None => "choose a shorter or plainer name".to_owned(),
    };
    faults.push(Fault::error("P061", At::value(pointer), words).help(help));
}

fn check_same(value: &Value, faults: &mut Faults) {
    let (source, destination) = (&value["hosts"]["source"], &value["hosts"]["destination"]);
    let pairs = [
        ("name", "name", "both servers have the same name"),
        ("address", "address", "both servers have the same address"),
        ("newName", "name", "the source takes the destination's name"),
    ];
    for (theirs, ours, words) in pairs {
        let (Some(one), Some(other)) = (source[theirs].as_str(), destination[ours].as_str()) else {
            continue;
        };
        let same = match ours {
            "address" => same_address(one, other),
            _ => same_name(one, other),
        };
        if same {
            let here = At::value(format!("/hosts/destination/{ours}"));
            let there = At::value(format!("/hosts/source/{theirs}"));
            let help = match theirs {
                "newName" => "choose another name for the source, or `random`",
                _ => "source and destination are two machines; one of the two is mistaken",
            };
            let fault = Fault::error("P081", here, words).and(there, "the same here");
            faults.push(fault.help(help));
        }
    }
    if let (Some(name), Some(new)) = (source["name"].as_str(), source["newName"].as_str())
        && same_name(name, new)
    {
        faults.push(
            Fault::error(
                "P081",
                At::value("/hosts/source/newName"),
                "the source keeps its name",
            )
            .help("its name goes to the destination; choose another, or `random`"),
        );
    }
}

/// Whether two texts name one computer: case and domain make no difference.
fn same_name(one: &str, other: &str) -> bool {
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
    short(one) == short(other)
}

/// Whether two texts are one address, however it is written.
fn same_address(one: &str, other: &str) -> bool {
    let read = |text: &str| text.parse().map(|address: IpAddr| address.to_canonical());
    match (read(one), read(other)) {
        (Ok(one), Ok(other)) => one == other,
        // What is no address is said elsewhere.
        _ => false,
    }
}

fn check_directory(value: &Value, faults: &mut Faults) {
    let directory = &value["directory"];
    if !directory.is_object() {
        return;
    }
    check_address(directory, "/directory", "address", faults);
    for (index, server) in directory["dns"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        check_ip(server, &format!("/directory/dns/{index}"), faults);
    }
    check_credential(value, directory, "/directory", "credential", faults);
}

/// Every adapter that gives addresses away needs new ones, and the other way round.
fn check_mapping(value: &Value, faults: &mut Faults) {
    let mapping = value["networkMapping"].as_object();
    let network = value["hosts"]["source"]["network"].as_object();
    for (adapter, target) in mapping.into_iter().flatten() {
        let known = network.is_some_and(|network| network.contains_key(adapter));
        // An adapter that is spelled wrongly here is missed below, and said there.
        let unmapped = network
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .filter(|name| mapping.is_none_or(|mapping| !mapping.contains_key(*name)));
        if target != "skip" && !known && nearest(adapter, unmapped).is_none() {
            faults.push(
                Fault::error(
                    "P071",
                    At::key(format!("/networkMapping/{}", escaped(adapter))),
                    format!("`{adapter}` gives its addresses away and gets no new ones"),
                )
                .help(format!(
                    "add `hosts.source.network.{adapter}`: addresses of its own, or `dhcp`"
                )),
            );
        }
    }
    for adapter in network.into_iter().flatten().map(|(adapter, _)| adapter) {
        let target = mapping.and_then(|mapping| mapping.get(adapter));
        let words = match target {
            None => format!("nothing says where the addresses of `{adapter}` go"),
            Some(target) if target == "skip" => {
                format!("`{adapter}` is skipped by `networkMapping` and yet gets new addresses")
            }
            Some(_) => continue,
        };
        let names = || {
            let unused = |name: &&str| network.is_none_or(|network| !network.contains_key(*name));
            mapping
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .filter(unused)
        };
        let place = At::key(format!("/hosts/source/network/{}", escaped(adapter)));
        let mut fault = Fault::error("P071", place, words).help(format!(
            "name the destination's adapter in `networkMapping.{adapter}`"
        ));
        if target.is_some() {
            fault = fault.help(format!(
                "name the destination's adapter in `networkMapping.{adapter}`, or give `{adapter}` no new addresses"
            ));
        } else if let Some(near) = nearest(adapter, names()) {
            fault = fault
                .and(
                    At::key(format!("/networkMapping/{}", escaped(near))),
                    "this adapter gets no new ones",
                )
                .help(format!(
                    "did you mean `{near}`? the source's adapter has one name in both places"
                ));
        }
        faults.push(fault);
    }
}

fn check_adapter(change: &Value, pointer: &str, faults: &mut Faults) {
    let Some(fields) = change.as_object() else {
        return;
    };
    let mut networks = Vec::new();
    for (index, address) in change["addresses"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        networks.extend(check_prefixed(
            address,
            &format!("{pointer}/addresses/{index}"),
            faults,
        ));
    }
    for (index, server) in change["dns"].as_array().into_iter().flatten().enumerate() {
        check_ip(server, &format!("{pointer}/dns/{index}"), faults);
    }
    for (index, route) in change["routes"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        check_prefixed(
            &route["to"],
            &format!("{pointer}/routes/{index}/to"),
            faults,
        );
        check_ip(
            &route["via"],
            &format!("{pointer}/routes/{index}/via"),
            faults,
        );
    }
    let Some(gateway) = fields.get("gateway") else {
        return;
    };
    let addresses = format!("{pointer}/addresses");
    let pointer = format!("{pointer}/gateway");
    if let Some(gateway) = check_ip(gateway, &pointer, faults)
        && !networks.is_empty()
        && !networks.iter().any(|network| network.contains(gateway))
    {
        faults.push(
            Fault::error(
                "P076",
                At::value(pointer),
                format!("the gateway `{gateway}` is in none of this adapter's networks"),
            )
            .and(At::value(addresses), "its addresses")
            .help("the gateway is in the network of one of the addresses"),
        );
    }
}

fn check_address(map: &Value, base: &str, field: &str, faults: &mut Faults) {
    if let Some(address) = map.get(field) {
        check_ip(address, &format!("{base}/{field}"), faults);
    }
}

fn check_ip(value: &Value, pointer: &str, faults: &mut Faults) -> Option<IpAddr> {
    let text = value.as_str()?;
    let address: Option<IpAddr> = text.parse().ok();
    if address.is_none() {
        let help = if text.parse::<Prefixed>().is_ok() {
            "write it without the prefix length"
        } else {
            "write it as in `10.98.0.21`; names are not looked up here"
        };
        let message = format!("`{text}` is not an IP address");
        faults.push(Fault::error("P072", At::value(pointer), message).help(help));
    }
    address
}

fn check_prefixed(value: &Value, pointer: &str, faults: &mut Faults) -> Option<Prefixed> {
    let text = value.as_str()?;
    match text.parse() {
        Ok(prefixed) => Some(prefixed),
        Err(error) => {
            let fault = Fault::error("P072", At::value(pointer), format!("{error}"));
            let bare = text.parse::<IpAddr>().is_ok();
            let help = bare.then(|| format!("add the length of its prefix, as in `{text}/24`"));
            faults.push(fault.maybe_help(help));
            None
        }
    }
}

fn check_credential(value: &Value, map: &Value, base: &str, field: &str, faults: &mut Faults) {
    let Some(name) = map[field].as_str() else {
        return;
    };
    let known = value["credentials"].as_object();
    if known.is_some_and(|known| !known.contains_key(name)) {
        let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
        faults.push(
            Fault::error(
                "P070",
                At::value(format!("{base}/{field}")),
                format!("unknown credential `{name}`"),
            )
            .label("not in `credentials`")
            .help(format!("add `{name}` to `credentials`"))
            .maybe_help(did_you_mean(name, names)),
        );
    }
}

fn check_credentials(value: &Value, faults: &mut Faults) {
    for (name, credential) in value["credentials"].as_object().into_iter().flatten() {
        let base = format!("/credentials/{}", escaped(name));
        let pointer = format!("{base}/password");
        if is_secret_in_clear(&pointer, value) {
            faults.push(
                Fault::error("P060", At::key(&pointer), format!("`{name}` has its password in clear"))
                    .help("write where it is: `password: { env: NAME }`, or `file`, `prompt`, `command`; and change this password, for it has been in a file")
                    .hidden(),
            );
        }
        let key = credential["privateKey"].as_str().unwrap_or_default();
        if key.contains("PRIVATE KEY") || key.contains('\n') {
            faults.push(
                Fault::error(
                    "P060",
                    At::key(format!("{base}/privateKey")),
                    format!("`{name}` has its private key in clear"),
                )
                .help("write the path of its file; and replace this key, for it has been in a file")
                .hidden(),
            );
        }
        let given = ["password", "privateKey"]
            .iter()
            .any(|field| credential.get(*field).is_some());
        if credential.is_object() && !given {
            faults.push(
                Fault::error(
                    "P011",
                    At::key(&base),
                    format!("`{name}` has neither `password` nor `privateKey`"),
                )
                .help("write where its secret is, as in `password: { env: NAME }`"),
            );
        }
    }
}
