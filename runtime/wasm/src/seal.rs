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
#[cfg(feature = "compile")]
pub(crate) fn seal(mut code: Vec<u8>, label: &str) -> Vec<u8> {
    let label = &label.as_bytes()[..label.floor_char_boundary(u8::MAX.into())];
    code.extend_from_slice(label);
    // At most 255, as it has been cut.
    code.push(label.len() as u8);
    let digest = Sha256::digest(&code);
    code.extend_from_slice(&digest);
    code.extend_from_slice(&MAGIC);
    code
}

/// Reads all of a sealed file, and gives its label if it is whole.
///
/// # Errors
/// It is not.
pub(crate) fn verify(file: &File) -> Result<String, Broken> {
    let size = file.metadata()?.len();
    let tail = size.checked_sub(TAIL as u64).ok_or(Broken::NotSealed)?;
    let mut bytes = [0; TAIL];
    file.read_exact_at(&mut bytes, tail)?;
    let (length, digest, magic) = (bytes[0], &bytes[1..=DIGEST], &bytes[1 + DIGEST..]);
    if magic != MAGIC {
        return Err(Broken::NotSealed);
    }
    let code = tail.checked_sub(length.into()).ok_or(Broken::Changed)?;
    let mut label = vec![0; length.into()];
    file.read_exact_at(&mut label, code)?;
    if hash(file, tail + 1)? != digest {
        return Err(Broken::Changed);
    }
    String::from_utf8(label).map_err(|_| Broken::Changed)
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

    #[test]
    fn what_was_sealed_is_whole() {
        let long = vec![7; 3 * CHUNK + 1];
        for (code, label) in [(b"".as_slice(), ""), (b"code", "a label"), (&long, "x")] {
            let sealed = seal(code.to_owned(), label);
            assert!(sealed.starts_with(code));
            assert_eq!(verify(&file(&sealed)).unwrap(), label);
        }
        let label = "ä".repeat(200);
        let sealed = seal(Vec::new(), &label);
        assert_eq!(verify(&file(&sealed)).unwrap(), "ä".repeat(127));
    }

    #[test]
    fn every_torn_and_every_changed_file_is_told() {
        let sealed = seal(b"machine code".to_vec(), "label");
        for length in 0..sealed.len() {
            verify(&file(&sealed[..length])).unwrap_err();
        }
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                verify(&file(&changed)).unwrap_err();
            }
        }
        let mut longer = sealed.clone();
        longer.push(0);
        verify(&file(&longer)).unwrap_err();
        // Something before it moves all offsets of the code.
        longer.rotate_right(1);
        assert!(matches!(verify(&file(&longer)), Err(Broken::Changed)));
    }
}
