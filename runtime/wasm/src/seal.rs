//! Files of compiled code that can be told from torn, changed and foreign ones.
//!
//! Compiled code is native code: wasmtime checks who made it for what, and trusts the rest. So
//! Samovar puts a seal behind it, and runs nothing whose seal is not whole:
//!
//! ```text
//! code        what wasmtime made: an ELF file
//! label       what it is, in UTF-8, at most 255 bytes
//! length      of the label, 1 byte
//! digest      SHA-256 of all that, 32 bytes
//! magic       "SAMOVAR" and the version of this format, 8 bytes
//! ```
//!
//! It is behind the code, and not before it, so that the file can be mapped as it is. The seal
//! tells accidents, not enemies: whoever can write such a file can seal it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};
use thiserror::Error;

const MAGIC: [u8; 8] = *b"SAMOVAR\x01";
const DIGEST: usize = 32;

/// What follows the label.
const TAIL: usize = 1 + DIGEST + MAGIC.len();

/// How much is read at once.
const CHUNK: usize = 128 << 10;

/// Why a file is not what was sealed.
#[derive(Debug, Error)]
pub enum Broken {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// There is no seal at its end.
    #[error("it has no seal of Samovar's at its end, so it is incomplete, or something else")]
    NotSealed,
    /// The seal is of something else.
    #[error("it is not what was sealed: it is torn, or was changed")]
    Changed,
}

/// Seals code.
pub(crate) fn seal(code: &mut Vec<u8>, label: &str) {
    let label = &label.as_bytes()[..label.floor_char_boundary(u8::MAX.into())];
    code.extend_from_slice(label);
    // At most 255, as it has been cut.
    code.push(label.len() as u8);
    let digest = Sha256::digest(&*code);
    code.extend_from_slice(&digest);
    code.extend_from_slice(&MAGIC);
}

/// Splits what was sealed into code and label, if it is whole.
///
/// # Errors
/// It is not.
#[cfg(feature = "compile")]
pub(crate) fn open(sealed: &[u8]) -> Result<(&[u8], &str), Broken> {
    let rest = sealed.strip_suffix(&MAGIC).ok_or(Broken::NotSealed)?;
    let (rest, digest) = rest.split_last_chunk::<DIGEST>().ok_or(Broken::Changed)?;
    if *Sha256::digest(rest) != *digest {
        return Err(Broken::Changed);
    }
    let (length, rest) = rest.split_last().ok_or(Broken::Changed)?;
    let at = rest.len().checked_sub((*length).into()).ok_or(Broken::Changed)?;
    let (code, label) = rest.split_at(at);
    Ok((code, str::from_utf8(label).map_err(|_| Broken::Changed)?))
}

/// The label of sealed bytes, whole or not.
#[cfg(feature = "compile")]
pub(crate) fn label_of(sealed: &[u8]) -> Option<&str> {
    let rest = sealed.strip_suffix(&MAGIC)?;
    let (rest, _) = rest.split_last_chunk::<DIGEST>()?;
    let (length, rest) = rest.split_last()?;
    str::from_utf8(&rest[rest.len().checked_sub((*length).into())?..]).ok()
}

/// Reads all of a sealed file, and gives its label if it is whole.
///
/// # Errors
/// It is not.
pub(crate) fn verify(file: &File) -> Result<String, Broken> {
    let Seal { label, digest, sealed } = read(file)?;
    if hash(file, sealed)? != digest { Err(Broken::Changed) } else { Ok(label) }
}

/// The label of a sealed file that somebody else has verified.
///
/// # Errors
/// It has no seal at its end, as a torn one has none.
pub(crate) fn label(file: &File) -> Result<String, Broken> {
    read(file).map(|seal| seal.label)
}

/// What stands behind the code.
struct Seal {
    label: String,
    digest: [u8; DIGEST],
    /// How many bytes the digest is of.
    sealed: u64,
}

fn read(file: &File) -> Result<Seal, Broken> {
    let size = file.metadata()?.len();
    let tail = size.checked_sub(TAIL as u64).ok_or(Broken::NotSealed)?;
    let mut bytes = [0; TAIL];
    file.read_exact_at(&mut bytes, tail)?;
    let (length, magic) = (bytes[0], &bytes[1 + DIGEST..]);
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&bytes[1..=DIGEST]);
    if magic != MAGIC {
        return Err(Broken::NotSealed);
    }
    let code = tail.checked_sub(length.into()).ok_or(Broken::Changed)?;
    let mut label = vec![0; length.into()];
    file.read_exact_at(&mut label, code)?;
    let label = String::from_utf8(label).map_err(|_| Broken::Changed)?;
    Ok(Seal { label, digest, sealed: tail + 1 })
}

/// SHA-256 of the first `length` bytes.
fn hash(file: &File, length: u64) -> io::Result<[u8; DIGEST]> {
    let mut sha = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut at = 0;
    while at < length {
        let wanted = usize::try_from(length - at).unwrap_or(CHUNK).min(CHUNK);
        file.read_exact_at(&mut buffer[..wanted], at)?;
        sha.update(&buffer[..wanted]);
        at += wanted as u64;
    }
    Ok(sha.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn sealed(code: &[u8], label: &str) -> Vec<u8> {
        let mut sealed = code.to_owned();
        seal(&mut sealed, label);
        sealed
    }

    #[test]
    fn what_was_sealed_is_whole() {
        let long = vec![7; 3 * CHUNK + 1];
        for (code, label) in [(b"".as_slice(), ""), (b"code", "a label"), (&long, "x")] {
            let sealed = sealed(code, label);
            assert_eq!(open(&sealed).unwrap(), (code, label));
            assert_eq!(label_of(&sealed), Some(label));
            assert_eq!(verify(&file(&sealed)).unwrap(), label);
        }
        let label = "ä".repeat(200);
        let sealed = sealed(b"", &label);
        assert_eq!(verify(&file(&sealed)).unwrap(), "ä".repeat(127));
    }

    #[test]
    fn every_torn_and_every_changed_file_is_told() {
        let sealed = sealed(b"machine code", "label");
        let refused = |bytes: &[u8]| {
            open(bytes).unwrap_err();
            verify(&file(bytes)).unwrap_err()
        };
        for length in 0..sealed.len() {
            refused(&sealed[..length]);
        }
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                refused(&changed);
            }
        }
        let mut longer = sealed.clone();
        longer.push(0);
        refused(&longer);
        // Something before it moves all offsets of the code.
        longer.rotate_right(1);
        assert!(matches!(refused(&longer), Broken::Changed));
    }
}
