//! Keytab files (MIT, version 0x502): a head of two bytes, then entries, each behind its length.

/// A file is not a keytab of this version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a keytab of version 0x502, or a damaged one")]
pub(in crate::host::linux) struct NotAKeytab;

/// Returns an error where a file is not a whole keytab; an empty one is none.
pub(in crate::host::linux) fn check(keytab: &[u8]) -> Result<(), NotAKeytab> {
    entries(keytab).map(drop)
}

/// Adds the entries of `more` which `keytab` does not have.
///
/// Two entries are the same when all but their time stamp is.
pub(in crate::host::linux) fn merge(keytab: &[u8], more: &[u8]) -> Result<Vec<u8>, NotAKeytab> {
    let mut out = if keytab.is_empty() {
        HEAD.to_vec()
    } else {
        keytab.to_vec()
    };
    let mut known: Vec<Vec<u8>> = entries(&out)?.into_iter().map(identity).collect();
    for entry in entries(more)? {
        let id = identity(entry);
        if !known.contains(&id) {
            let length = i32::try_from(entry.len()).map_err(|_| NotAKeytab)?;
            out.extend(length.to_be_bytes());
            out.extend(entry);
            known.push(id);
        }
    }
    Ok(out)
}

const HEAD: [u8; 2] = [5, 2];

fn entries(keytab: &[u8]) -> Result<Vec<&[u8]>, NotAKeytab> {
    let mut rest = keytab.strip_prefix(&HEAD).ok_or(NotAKeytab)?;
    let mut found = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let length = i32::from_be_bytes(*head);
        // A negative length is a hole left by a removed entry.
        let size = usize::try_from(length.unsigned_abs()).map_err(|_| NotAKeytab)?;
        if size == 0 {
            break;
        }
        let (entry, after) = tail.split_at_checked(size).ok_or(NotAKeytab)?;
        if length > 0 {
            found.push(entry);
        }
        rest = after;
    }
    Ok(found)
}

/// The entry with its time stamp blanked: it stands behind the principal, whose parts are counted.
fn identity(entry: &[u8]) -> Vec<u8> {
    let mut id = entry.to_vec();
    let number = |at: usize| {
        Some(usize::from(u16::from_be_bytes([
            *entry.get(at)?,
            *entry.get(at + 1)?,
        ])))
    };
    let stamp = (|| {
        let parts = number(0)?;
        let mut at = 2;
        // The realm comes before the parts of the name; the type of the name, four bytes, behind.
        for _ in 0..=parts {
            at += 2 + number(at)?;
        }
        Some(at + 4)
    })();
    if let Some(bytes) = stamp.and_then(|at| id.get_mut(at..at + 4)) {
        bytes.fill(0);
    }
    id
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn entry(name: &str, stamp: u32, kvno: u8) -> Vec<u8> {
        let mut e = vec![0, 1, 0, 1, b'R'];
        e.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
        e.extend(name.as_bytes());
        e.extend([0, 0, 0, 1]);
        e.extend(stamp.to_be_bytes());
        e.extend([kvno, 0, 18, 0, 2, 7, 7]);
        let mut framed = i32::try_from(e.len()).unwrap().to_be_bytes().to_vec();
        framed.extend(e);
        framed
    }

    fn file(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut f = HEAD.to_vec();
        for entry in entries {
            f.extend(entry);
        }
        f
    }

    #[test]
    fn new_keys_are_added_once() {
        let (own, old) = (entry("fs01", 9, 3), entry("fs01", 5, 2));
        let merged = merge(&file(slice::from_ref(&own)), &file(slice::from_ref(&old))).unwrap();
        assert_eq!(merged, file(&[own, old]));
        assert_eq!(
            merge(&merged, &file(&[entry("fs01", 6, 2)])).unwrap(),
            merged
        );
    }

    #[test]
    fn what_is_no_keytab_is_refused() {
        assert_eq!(merge(b"hello", &file(&[])), Err(NotAKeytab));
        let mut cut = file(&[entry("a", 1, 1)]);
        cut.pop();
        assert_eq!(merge(&file(&[]), &cut), Err(NotAKeytab));
    }
}
